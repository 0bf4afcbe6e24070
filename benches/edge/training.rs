//! Produces the load from which the compiler learns which code of the dynamic module is run often.
//!
//! `make profile` runs this program with an instrumented build of the dynamic module, which counts
//! how often each block of the module's code runs. The module writes the counts when Envoy exits,
//! so Envoy must exit normally here. The measurements kill Envoy instead.

use crate::{
    cases::{self, Case, Filter},
    load,
    rounds::say,
    world::World,
};
use support::driver::Build;

/// How long requests are sent to each listener.
const SECONDS: u64 = 2;

/// Sends the requests of each case of the dynamic module.
pub(crate) fn run() {
    let is_native = |case: &Case| matches!(case.filter, Filter::Portcullis(Build::Native, _, _));
    let cases: Vec<Case> = cases::all().into_iter().filter(is_native).collect();
    let world = World::start(&cases);
    for case in &cases {
        say(&format!("training: {}", case.id));
        load::send(world.address(&case.id), &case.tokens.file(), SECONDS);
    }
    world.process.quit();
}
