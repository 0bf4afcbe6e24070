//! Tokens as the great identity providers shape them, through the whole engine.
//!
//! The claim sets, headers and shapes of key sets are read from `idp_fixtures.json` in the folder
//! that `PORTCULLIS_VECTORS` names, by default `../shared/vectors` beside the package. They are
//! signed here, and decided on with the preset of their provider where there is one
//! (`configurations.rs`): what the fixture expects is granted, anything more is not. Without the
//! folder the tests say loudly that they did nothing; where `CI` is `true` they fail.
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
#[path = "../support/vectors.rs"]
mod vectors;
