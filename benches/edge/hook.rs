//! Measures how many cycles a request with a cached token spends inside the dynamic module.

use std::{collections::BTreeMap, fs, slice::from_ref};

use crate::{
    cases,
    options::Options,
    rounds::{check, check_cache, measure_once, say},
    statistics::quantile,
    world::World,
};
use support::envoy;

/// The beginning of the lines that `timed.rs` writes to Envoy's log.
const LINE: &str = "cycles in the request hook: ";

/// The cycles between the call of the hook for request headers and its return, including the hook's
/// calls to Envoy. They are cycles of the processor's time stamp counter, which counts at the same
/// rate whatever the processor's frequency.
///
/// The value is the median over windows, each of which is the median of a few thousand requests.
pub(crate) fn cycles(options: &Options) -> f64 {
    let case = cases::timed();
    let files = BTreeMap::from([(case.tokens, case.tokens.file())]);
    let world = World::start(from_ref(&case));
    check(&world, &case, &files[&case.tokens]);
    for _ in 0..options.rounds {
        measure_once(&world, &case, &files, options.seconds);
    }
    check_cache(&world, &case);
    assert_measures_the_library(&world);
    let log = world.process.log();
    let lines = log.lines().filter_map(|line| line.strip_prefix(LINE));
    let windows: Vec<f64> = lines.map(|cycles| cycles.parse().unwrap()).collect();
    assert!(!windows.is_empty(), "too few requests for one window");
    let [low, median, high] = [0.25, 0.5, 0.75].map(|part| quantile(windows.clone(), part));
    say(&format!(
        "cycles inside the request hook: {median:.0} ({low:.0} to {high:.0}), {} windows",
        windows.len()
    ));
    median
}

/// Checks that `timed.rs` is linked with the library under test. `PORTCULLIS_NATIVE` may name
/// another library than the one that `make bench` links.
fn assert_measures_the_library(world: &World) {
    let maps = fs::read_to_string(format!("/proc/{}/maps", world.process.id())).unwrap();
    let library = fs::canonicalize(envoy::library()).unwrap();
    let library = library.to_str().unwrap();
    assert!(maps.contains(library), "{library} was not measured");
}
