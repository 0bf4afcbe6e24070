//! Measures what the steps of a decision cost without a proxy: in instructions when run natively,
//! and in time as WebAssembly. `make bench-core` builds this program for both and runs
//! `measure.mjs`.
//!
//! ```text
//! core                prints the names of all steps, one per line
//! core STEP TIMES     runs the step with this number TIMES times
//! ```
//!
//! A step is prepared before it runs for the first time. So the cost of the step alone is the
//! difference between a run with more repetitions and one with fewer.

mod steps;

use std::env;

fn main() {
    let arguments: Vec<String> = env::args()
        .filter(|argument| argument != "--bench")
        .collect();
    match &arguments[..] {
        [_, step, times] => steps::repeat(step.parse().unwrap(), times.parse().unwrap()),
        _ => steps::names().iter().for_each(|name| println!("{name}")),
    }
}

/// Runs a step. The host of the WebAssembly module calls this. The prepared step is kept between
/// calls.
#[allow(unsafe_code, reason = "an export has no other way to its name")]
#[unsafe(no_mangle)]
pub extern "C" fn repeat(step: usize, times: u32) {
    steps::repeat(step, times);
}
