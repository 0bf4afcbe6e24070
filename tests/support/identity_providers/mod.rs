//! Tokens as major identity providers issue them, and a configuration for each provider.

pub mod configurations;
pub mod fixtures;
