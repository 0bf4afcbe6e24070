//! Tests Envoy and the module with tokens of a real authorization server.
//!
//! The server is the npm package `oidc-provider` (`envoy/authorization-server`), a certified
//! implementation. It decides itself what it signs and how it publishes its keys. `make e2e`
//! installs everything. If something is missing, the tests report it and pass; with `CI=true` they
//! fail.

mod agreement;
mod oidc_provider;
mod rotation;
mod tokens;
mod world;
