//! The Envoy dynamic module, which translates between Envoy's C ABI and the core's types.
//!
//! [`hooks`] contains the functions that Envoy calls, and [`abi`] the functions of Envoy that this
//! module calls. Only these two files are `unsafe`. There are no rules here: the
//! [`gate`](portcullis::gate) decides what may pass, which requests wait and what a failed call
//! means.
//!
//! # Threads
//!
//! Envoy loads configurations and answers their calls on its main thread. Each request lives on one
//! worker thread. So a [`filter`] (one configuration) is shared by all threads, and everything that
//! is not safe to share is a thread-local of the thread that owns it: a worker's [gates](worker),
//! and the main thread's [keepers](keeper). One [clock] thread wakes the main thread and touches
//! nothing else.
//!
//! # Lifetimes
//!
//! Envoy stores pointers for the module: to a configuration, to a route's policy, to a stream. This
//! module passes numbers instead of addresses, and never reuses a number. If the owner of a number
//! is gone, the lookup finds nothing and the request is refused. So no order of Envoy's calls can
//! make this code read freed memory.
//!
//! # Panics
//!
//! A panic that reached Envoy would end the process. Each hook catches panics and answers the
//! request with 500, and the worker builds its gate again. On the main thread, the keeper is built
//! again. That needs unwinding, so the library does not compile with `panic = "abort"`.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these; the build without tests is checked"
    )
)]

#[cfg(panic = "abort")]
compile_error!(
    "a panic would end Envoy: build portcullis-native with `--profile native`, which unwinds"
);

mod abi;
#[cfg(feature = "aws-lc")]
mod aws_lc;
mod clock;
mod defects;
mod exchange;
mod filter;
mod grpc;
mod hooks;
mod keeper;
mod memory;
mod metadata;
mod metrics;
mod numbers;
mod records;
mod registry;
mod routes;
mod shared;
mod signatures;
mod waiting;
mod wasm_form;
mod worker;

#[cfg(feature = "aws-lc")]
pub use self::aws_lc::AwsLc;
