//! Tests Envoy and the module with tokens of a real authorization server.
//!
//! The server is the npm package `oidc-provider` (`envoy/authorization-server`), a certified
//! implementation. It has its own ways to sign tokens and to publish keys. `make e2e` installs
//! everything. If something is missing, the tests print what is missing and pass; with `CI=true`
//! they fail.

mod agreement;
mod oidc_provider;
mod rotation;
mod tokens;
mod world;
