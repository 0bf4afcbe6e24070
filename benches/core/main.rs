//! What the steps of a decision cost, without a proxy: in instructions natively and in time as
//! WebAssembly. `make bench-core` builds this program for both and measures it by `measure.mjs`.
//!
//! ```text
//! core                the names of all steps, one a line
//! core STEP TIMES     does the step of that number so many times
//! ```
//!
//! A step is prepared before it is done for the first time, so that the difference between doing it
//! a few times and doing it more often is the step alone.

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

/// The same for the host of a WebAssembly module, which keeps what was prepared.
#[allow(unsafe_code, reason = "an export has no other way to its name")]
#[unsafe(no_mangle)]
pub extern "C" fn repeat(step: usize, times: u32) {
    steps::repeat(step, times);
}
