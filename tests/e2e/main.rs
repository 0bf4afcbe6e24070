//! Envoy with the module in it, before tokens that a real authorization server has issued.
//!
//! The server is npm's `oidc-provider` (`envoy/authorization-server`), a certified implementation:
//! what it signs, and how it publishes its keys, nobody here has chosen. `make e2e` sets up all
//! that is needed; what is missing otherwise is said, and fails where `CI` is `true`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code: a failure should end the test"
)]

mod agreement;
mod oidc_provider;
mod rotation;
#[path = "../support/signer.rs"]
mod signer;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod world;
