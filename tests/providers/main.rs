//! Tokens as the major identity providers make them, decided by the whole engine.
//!
//! `fixtures.json` has the claims, the header and the shape of the key set of each. The tests sign them and
//! decide on them with the provider's preset, if it has one (`configurations.rs`). A gate must grant what the
//! fixture expects, and nothing more.

mod configurations;
mod expectations;
mod fixtures;
mod gate;
mod peculiarities;
