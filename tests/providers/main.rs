//! Runs the engine on tokens that look like those of major identity providers.
//!
//! `support::identity_providers` has a fixture for each token: its claims, its header, the form of
//! the provider's key set, and the expected result. The tests sign the tokens, and the engine
//! decides on them with the provider's preset, if there is one. The engine must grant what the
//! fixture expects, and nothing more. The module `best_practices` tests rules that hold for the
//! tokens of any provider.

mod best_practices;
mod expectations;
mod gate;
mod peculiarities;
mod workloads;
