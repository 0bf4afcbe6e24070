//! Tokens as the great identity providers shape them, through the whole engine.
//!
//! `fixtures.json` has the claims, the header and the shape of the key set of each. They are signed here and
//! decided on with their provider's preset, if it has one (`configurations.rs`): a gate grants what the
//! fixture expects, and nothing more.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that fails may panic, and says what it ran"
)]

mod configurations;
mod expectations;
mod fixtures;
mod gate;
mod peculiarities;
#[path = "../support/signer.rs"]
mod signer;
