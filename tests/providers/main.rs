//! Tokens as the major identity providers make them, decided by the whole engine.
//!
//! `support::identity_providers` has the claims, the header and the shape of the key set of each. The tests sign them and
//! decide on them with the provider's preset, if it has one (from the same place). A gate must grant what the
//! fixture expects, and nothing more.

mod expectations;
mod gate;
mod peculiarities;
