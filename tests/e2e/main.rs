//! Envoy with the module in it, before tokens that a real authorization server has issued.
//!
//! The server is npm's `oidc-provider` (`envoy/authorization-server`), a certified implementation:
//! what it signs, and how it publishes its keys, nobody here has chosen. `make e2e` sets up all
//! that is needed; what is missing otherwise is said, and fails where `CI` is `true`.

mod agreement;
mod oidc_provider;
mod rotation;
mod tokens;
mod world;
