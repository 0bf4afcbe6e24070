//! Portcullis: a JWT verifier for the edge.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml can exempt tests from its other lints; the build without tests is checked"
    )
)]

pub mod config;
pub mod jose;
pub mod json;
pub mod policy;
pub mod request;
pub mod time;
