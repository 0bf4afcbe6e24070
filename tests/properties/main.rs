//! What holds for every input, tried on generated ones.
//!
//! A property that fails prints the smallest input for which it fails. `PORTCULLIS_TIMES` multiplies the
//! number of cases.

mod admission;
mod cache;
mod decisions;
mod key_life;
mod parsing;
mod signatures;
mod spellings;
mod world;
