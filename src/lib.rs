//! Portcullis: a JWT verifier for the edge.

pub mod config;
pub mod jose;
pub mod json;
pub mod policy;
pub mod request;
