//! Portcullis: a JWT verifier for the edge.
//!
//! This crate is the core: it decides whether a request may pass. Shells translate between the core
//! and a host. There are three shells: the proxy-wasm module and the native module for Envoy, and
//! the command line program. The core itself has no clock, opens no connections and writes no log.
//! To decide, it uses three small traits that the host implements. They provide information about a
//! request's [`connection`](connection::Connection), [`records`](keys::Records) that workers share,
//! and an [`accelerator`](verification::Accelerator) that verifies signatures. The [`gate`] uses
//! further traits, for example for logs and metrics.
//!
//! A [`config`] is parsed once. Each [`request`](http::Request) is matched to its rule
//! ([`policy`]). The request's token is parsed ([`jose`]) and checked ([`verification`]). The
//! module [`keys`] keeps the keys for this check fresh. The [`engine`] combines these steps into a
//! [`decision`], and the [`gate`] carries the decision out.
//!
//! If no decision about a request is possible, the request is refused. No input makes the core
//! panic: a wrong configuration, key or token leads to an error value with a reason.
//!
//! ```
//! use portcullis::{
//!     config::Config,
//!     connection::NoConnection,
//!     decision::{Decision, Reason},
//!     engine::{Engine, Patience},
//!     http::Request,
//!     time::UnixMillis,
//! };
//!
//! let config = Config::parse(
//!     br#"{
//!         "providers": {
//!             "example": {
//!                 "issuer": "https://issuer.example",
//!                 "audiences": ["api"],
//!                 "local_jwks": {
//!                     "inline_string": "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"
//!                 }
//!             }
//!         },
//!         "rules": [
//!             {"match": {"path": "/healthz"}},
//!             {"match": {"prefix": "/"}, "requires": {"provider_name": "example"}}
//!         ]
//!     }"#,
//! )?;
//! let engine = Engine::new(config);
//! let decide = |path: &str, authorization: Option<&str>| {
//!     let mut headers = vec![
//!         (&b":method"[..], &b"GET"[..]),
//!         (b":authority", b"api.example"),
//!         (b":path", path.as_bytes()),
//!     ];
//!     headers.extend(authorization.map(|value| (&b"authorization"[..], value.as_bytes())));
//!     let now = UnixMillis::new(1_700_000_000_000);
//!     let request = Request::new(headers);
//!     engine.decide(&request, None, now, Patience::Exhausted, &NoConnection).decision
//! };
//!
//! assert!(matches!(decide("/healthz", None), Decision::Permit(_)));
//! let Decision::Deny(denial) = decide("/orders", None) else { unreachable!() };
//! assert_eq!(denial.reason, Reason::MissingCredential);
//!
//! let token = concat!(
//!     "Bearer eyJhbGciOiJFZERTQSJ9.",
//!     "eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpIiwi",
//!     "ZXhwIjoxNzAwMDAwMzAwfQ.",
//!     "X1_zETvGuSSUbOZk_gsBEt_BwDpOz5iBlztQ_iVQKiCP70xGT5VRoKzaZoty",
//!     "CMEBJ1A9mGnGjeiImF6DigrlCw",
//! );
//! assert!(matches!(decide("/orders", Some(token)), Decision::Permit(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these lints; non-test builds are checked"
    )
)]

pub mod certificate_digest;
pub mod config;
pub mod connection;
pub mod decision;
pub mod engine;
pub mod foreign_text;
pub mod gate;
pub mod http;
pub mod jose;
pub mod json;
pub mod keys;
pub mod lenient_base64;
pub mod policy;
pub mod resource;
pub mod shared_by_name;
pub mod shared_memory;
mod short_list;
pub mod status;
pub mod template;
#[cfg(test)]
mod tests;
pub mod time;
pub mod token_cache;
pub mod verification;
