//! The Envoy dynamic module: Envoy's C ABI into values, values into calls of that ABI.
//!
//! [`hooks`] has the functions that Envoy calls, [`abi`] those that it offers; only these two files are
//! `unsafe`. There is no rule here: what may pass, which requests wait and what a refused call means is
//! decided by the [`gate`](portcullis::gate).
//!
//! # Threads
//!
//! Envoy loads configurations, and answers their calls, on its main thread; each request lives on one
//! worker thread. So a [`filter`] (one configuration) is shared by all threads, and everything that is not
//! safe to share is a thread-local of the thread that owns it: a worker's [gates](worker), and the main
//! thread's [keepers](keeper). One [clock] thread wakes the main thread; it touches nothing else.
//!
//! # Lifetimes
//!
//! Envoy stores pointers on the module's behalf: to a configuration, to a route's policy, to a stream. This module
//! passes numbers instead of addresses, and never reuses one. A number whose owner is gone finds nothing, and the
//! request is refused; no order of Envoy's calls can make this code read freed memory.
//!
//! # Panics
//!
//! A panic that reached Envoy would end the process. Each hook catches it, answers the request with 500, and
//! the worker builds its gate again. That needs unwinding: the library does not compile with
//! `panic = "abort"`.

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
mod clock;
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
mod wasm_form;
mod worker;
