//! Tokens as major identity providers issue them, decided by the whole engine.
//!
//! `support::identity_providers` has the claims, the header and the shape of the key set for each
//! provider. The tests sign the tokens and decide on them with the provider's preset, if it has
//! one. A gate must grant what the fixture expects, and nothing more.

mod expectations;
mod gate;
mod peculiarities;
mod workloads;
