//! Portcullis: a JWT verifier for the edge, as a proxy-wasm module for Envoy.
//!
//! A core decides, and shells translate: the `filter` in the proxy, and the command line program. The
//! core has no clock and writes no log. What only a host knows, it asks through three small traits:
//! facts about a request's [`connection`](connection::Connection), [`records`](keys::Records) that
//! workers share, and an [`accelerator`](verification::Accelerator) for signatures.
//!
//! A [`config`] is parsed once. Each [`request`](http::Request) meets its rule ([`policy`]); the token in
//! it is parsed ([`jose`]) and checked ([`verification`]) with keys that [`keys`] keeps fresh; the
//! [`engine`] joins these into a [`decision`], and the [`gate`] carries it out.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these; the build without tests is checked"
    )
)]

pub mod cache;
pub mod config;
pub mod connection;
pub mod decision;
pub mod engine;
mod few;
pub mod foreign_text;
pub mod gate;
pub mod http;
pub mod jose;
pub mod json;
pub mod keys;
pub mod policy;
pub mod shared_by_name;
pub mod shared_memory;
pub mod status;
pub mod template;
pub mod time;
pub mod verification;
