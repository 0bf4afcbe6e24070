//! Runs the whole engine on tokens as major identity providers issue them.
//!
//! `support::identity_providers` has a fixture for each token: its claims, its header, the form of the
//! provider's key set, and the expected result. The tests sign the tokens and decide on them with
//! the provider's preset, if it has one. A gate must grant what the fixture expects, and nothing
//! more. `best_practices` has the rules that hold for tokens of any provider.

mod best_practices;
mod expectations;
mod gate;
mod peculiarities;
mod workloads;
