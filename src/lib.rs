//! Portcullis: a JWT verifier for the edge.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these; the build without tests is checked"
    )
)]

pub mod jose;
pub mod json;
pub mod time;
