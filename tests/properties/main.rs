//! Properties that hold for every input, tested on generated inputs.
//!
//! A failing property prints the smallest input for which it fails. `PORTCULLIS_TIMES` multiplies
//! the number of cases.

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
