//! Portcullis: a JWT verifier for the edge.

pub mod jose;
pub mod json;
pub mod time;
