//! Envoy with the module, and tokens of a real authorization server.
//!
//! The server is npm's `oidc-provider` (`envoy/authorization-server`), a certified implementation. It alone
//! decides what it signs and how it publishes its keys. `make e2e` sets up everything that is needed. Without
//! it, the tests say what is missing and pass; with `CI=true` they fail.

mod agreement;
mod oidc_provider;
mod rotation;
mod tokens;
mod world;
