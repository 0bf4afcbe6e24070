//! Tokens as the great identity providers shape them, through the whole engine.
//!
//! `fixtures.json` has the claims, the header and the shape of the key set of each. They are signed here and
//! decided on with their provider's preset, if it has one (`configurations.rs`): a gate grants what the
//! fixture expects, and nothing more.

mod configurations;
mod expectations;
mod fixtures;
mod gate;
mod peculiarities;
