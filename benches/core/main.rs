//! Measures what the steps of a decision cost without a proxy: in instructions when run natively,
//! and in time as WebAssembly. `make bench-core` runs `measure.mjs`, which builds this program for
//! both targets.
//!
//! ```text
//! core                prints the names of all steps, one per line
//! core STEP TIMES     runs the step with this number TIMES times
//! ```
//!
//! Before a step runs for the first time, it is prepared. To get the cost of the step without its
//! preparation, subtract the cost of a run with few repetitions from that of a run with many.

mod growth;
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

/// Runs a step. `measure.mjs` calls this function of the WebAssembly module. The prepared step is
/// kept between calls.
#[allow(
    unsafe_code,
    reason = "exporting a function under its own name requires `no_mangle`"
)]
#[unsafe(no_mangle)]
pub extern "C" fn repeat(step: usize, times: u32) {
    steps::repeat(step, times);
}
