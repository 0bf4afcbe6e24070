//! Tests properties that must hold for every input. The inputs are generated.
//!
//! A failing property prints the smallest input for which it fails. The environment variable
//! `PORTCULLIS_TIMES` multiplies the number of cases.

mod admission;
mod cache;
mod decisions;
mod key_life;
mod parsing;
mod resources;
mod rules;
mod signatures;
mod spellings;
mod world;
