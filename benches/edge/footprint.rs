//! What the module weighs: its bytes, the time until Envoy is ready, the memory of a full cache.

use std::fs;

use crate::{
    cases::{self, Case},
    options::Options,
    rounds::say,
    statistics::median,
    support::envoy,
    world::World,
};

/// How often each Envoy is started.
const STARTS: usize = 5;

/// A number and what it should be at most.
pub(crate) struct Weight {
    pub(crate) id: &'static str,
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    pub(crate) at_most: Option<f64>,
}

/// Measures what is wanted of it.
pub(crate) fn measure(options: &Options) -> Vec<Weight> {
    let mut weights = Vec::new();
    if options.wants("size") {
        let bytes = fs::metadata(envoy::module()).unwrap().len();
        weights.push(Weight {
            id: "size",
            what: "the module",
            unit: "kB",
            value: bytes as f64 / 1000.0,
            at_most: Some(700.0),
        });
    }
    if options.wants("ready") {
        say("time to ready");
        weights.push(Weight {
            id: "ready",
            what: "time until Envoy is ready, above no filter",
            unit: "ms",
            value: time_to_ready("uncached-RS256-ours") - time_to_ready(cases::NONE),
            at_most: Some(350.0),
        });
    }
    weights
}

fn time_to_ready(id: &str) -> f64 {
    let case: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| case.id == id)
        .collect();
    assert!(!case.is_empty());
    let start = |_| World::start(&case).time_to_ready.as_secs_f64() * 1000.0;
    median((0..STARTS).map(start))
}
