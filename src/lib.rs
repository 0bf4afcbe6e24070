//! Portcullis: a JWT verifier for the edge, as a proxy-wasm module for Envoy.
//!
//! A pure core decides; two thin shells carry decisions out: the `filter` in the proxy, and the
//! command line program. The core has no clock, makes no host call and writes no log: what it
//! needs comes in as values, and what it wants done goes out as values.
//!
//! Data flows one way: [`config`] is read once; each [`request`] meets its rule ([`policy`]); the
//! token in it is parsed ([`jose`]) and checked ([`verification`]) with keys that [`keys`] holds
//! fresh; the [`engine`] joins these into a [`decision`].

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these; the build without tests is checked"
    )
)]

pub mod cache;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod connection;
pub mod decision;
pub mod engine;
mod few;
#[cfg(feature = "filter")]
pub mod filter;
pub mod foreign_text;
pub mod gate;
pub mod http;
pub mod jose;
pub mod json;
pub mod keys;
pub mod policy;
mod shared_by_name;
pub mod shared_memory;
pub mod status;
pub mod template;
pub mod time;
pub mod verification;
