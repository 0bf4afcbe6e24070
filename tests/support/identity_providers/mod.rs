//! Tokens as the major identity providers make them, and the configuration for each provider.

pub mod configurations;
pub mod fixtures;
