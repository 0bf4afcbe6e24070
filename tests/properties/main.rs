//! Tests properties that must hold for every input. The inputs are generated.
//!
//! If a property fails, its test prints the smallest failing input that it found. The environment
//! variable `PORTCULLIS_TIMES` multiplies the number of cases.

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
