//! Tests Envoy and the module with tokens of a real authorization server.
//!
//! The server is the npm package `oidc-provider` (`envoy/authorization-server`), a certified
//! implementation. It signs tokens and publishes keys without any code of this project. `make e2e`
//! installs everything that the tests need. If something is missing, the tests print what is
//! missing and pass; with `CI=true` they fail.

mod agreement;
mod oidc_provider;
mod rotation;
mod tokens;
mod world;
