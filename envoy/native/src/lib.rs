//! The Envoy dynamic module. It translates between Envoy's C ABI and the core's types.
//!
//! [`hooks`] contains the functions that Envoy calls. [`abi`] wraps the functions of Envoy that
//! this module calls. Only these two files contain `unsafe` code. This module decides nothing: the
//! core's [`gate`](portcullis::gate) decides what may pass, which requests wait, and what a failed
//! call means.
//!
//! # Threads
//!
//! On its main thread, Envoy [loads](load) configurations and delivers responses from authorization
//! servers. Each request stays on one worker thread. A [`filter`] is one configuration, and all
//! threads share it. Everything that is not safe to share is in thread-local storage: each worker
//! has [gates](worker), which decide on requests, and the main thread has [keepers](keeper), which
//! fetch keys. One [clock] thread wakes the main thread and does nothing else.
//!
//! # Lifetimes
//!
//! Envoy stores one pointer on behalf of the module for each configuration, each route's policy and
//! each stream. The pointers that this module returns contain numbers instead of addresses, and no
//! number is used twice. If the object for a number is gone, the lookup of the number finds
//! nothing, and the module refuses the request. So this code never reads freed memory, whatever the
//! order of Envoy's calls.
//!
//! # Panics
//!
//! A panic that reached Envoy would end the process. Each hook catches panics and answers the
//! request with 500. After a panic on a worker, the worker rebuilds its gate. After a panic on the
//! main thread, the keeper is rebuilt. Catching panics needs unwinding, so the library does not
//! compile with `panic = "abort"`.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these lints; the build without tests is \
                  still checked"
    )
)]

#[cfg(panic = "abort")]
compile_error!(
    "a panic would end Envoy: build portcullis-native with `--profile native`, which unwinds"
);

mod abi;
#[cfg(feature = "aws-lc")]
mod aws_lc;
mod call;
mod clock;
mod defects;
mod exchange;
mod filter;
mod grpc;
mod hooks;
mod keeper;
mod load;
mod locks;
mod log;
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
