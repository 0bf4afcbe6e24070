//! Measures the module's size, the time until Envoy is ready, the memory of a full cache, and the
//! cycles inside the dynamic module.

use std::fs;

use crate::{
    cases::{self, Case},
    hook,
    options::Options,
    rounds::say,
    statistics::median,
    tokens::Fresh,
    world::World,
};
use support::{
    crowd,
    driver::{Build, Request},
    envoy::{self, memory::Memory},
};
use workload::{Cache, PATH};

/// The number of Envoy starts per case. The time until Envoy is ready is the median over these
/// starts.
const STARTS: usize = 5;

/// A measured value and its maximum.
pub(crate) struct Weight {
    pub(crate) id: &'static str,
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    pub(crate) at_most: Option<f64>,
}

impl Weight {
    /// Whether the value is at most the maximum. Without a maximum, any value is accepted.
    pub(crate) fn is_met(&self) -> bool {
        self.at_most.is_none_or(|most| self.value <= most)
    }
}

/// Measures the values that the options select.
pub(crate) fn measure(options: &Options) -> Vec<Weight> {
    let mut weights = Vec::new();
    if options.wants("size") {
        let sizes = [
            ("size-wasm", "the module (wasm)", envoy::module(), 780.0),
            (
                "size-native",
                "the library (native)",
                envoy::library(),
                5000.0,
            ),
        ];
        weights.extend(sizes.map(|(id, what, file, at_most)| Weight {
            id,
            what,
            unit: "kB",
            value: fs::metadata(file).unwrap().len() as f64 / 1000.0,
            at_most: Some(at_most),
        }));
    }
    if options.wants("ready") {
        say("time to ready");
        let none = time_to_ready(cases::NONE);
        let of = |id| time_to_ready(id) - none;
        weights.extend([
            Weight {
                id: "ready-wasm",
                what: "additional time until Envoy is ready on all cores, compared with no filter, \
                       wasm",
                unit: "ms",
                value: of("uncached-RS256-wasm"),
                at_most: Some(600.0),
            },
            Weight {
                id: "ready-native",
                what: "additional time until Envoy is ready on all cores, compared with no filter, \
                       native",
                unit: "ms",
                value: of("uncached-RS256-native"),
                at_most: Some(60.0),
            },
        ]);
    }
    if options.wants("memory") {
        say("memory of a full cache");
        weights.push(Weight {
            id: "memory",
            what: "additional memory of a worker with 10,000 cached tokens of 1 kB, without the \
                   tokens' text",
            unit: "MB",
            value: memory_of_full_cache(),
            at_most: Some(6.0),
        });
    }
    // Only x86_64 has the counter that `timed.rs` reads.
    if cfg!(target_arch = "x86_64") && options.wants("hook") {
        say("cycles inside the request hook");
        weights.push(Weight {
            id: "hook",
            what: "time inside the request hook, for a cached token, native",
            unit: "cycles",
            value: hook::cycles(options),
            at_most: Some(5200.0),
        });
    }
    weights
}

/// The memory that a full cache takes in addition to the tokens themselves, in MB.
fn memory_of_full_cache() -> f64 {
    const ENTRIES: usize = 10_000;
    // The cache is divided into sets, and the bytes of a token select one of them. Some sets are
    // full earlier than others. So filling all sets takes more tokens than the cache has entries.
    const SENT: u64 = 50_000;
    let tokens = Fresh::new();
    let linear = |cache| {
        let case = cases::filled("memory", Build::Wasm, cache);
        let world = World::start(&[case]);
        let request = |number| Request::get(PATH).bearer(tokens.token(number));
        crowd::send(world.address("memory"), 2, 0..SENT, 200, request).unwrap();
        Memory::of(world.process.id()).linear as f64
    };
    let text = (ENTRIES * tokens.token(0).len()) as f64;
    (linear(Cache::Entries(ENTRIES)) - linear(Cache::Off) - text) / 1e6
}

fn time_to_ready(id: &str) -> f64 {
    let case: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| case.id == id)
        .collect();
    assert!(!case.is_empty());
    let start = |_| World::start_on(None, &case).time_to_ready.as_secs_f64() * 1000.0;
    median((0..STARTS).map(start))
}
