//! The soak test: millions of requests, each with a new token. Memory must stay flat.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{
    cases, machine,
    options::{LOAD_CORE, Options},
    rounds::say,
    tokens::Fresh,
    world::World,
};
use support::{
    crowd,
    driver::{Build, Request},
    envoy::memory::Memory,
};
use workload::{Cache, PATH};

/// How many times the memory is measured during the test.
const LOOKS: u64 = 10;
/// The fraction by which Envoy's memory may grow in the second half of the test. Such growth counts
/// as noise.
const NOISE: f64 = 0.02;

/// The results of the soak test of a build.
pub(crate) struct Soak {
    build: Build,
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    /// Envoy's memory at equal intervals. The first measurement is made before the first request.
    pub(crate) memory: Vec<Memory>,
}

impl Soak {
    /// The memory half-way and at the end.
    pub(crate) fn halves(&self) -> [Memory; 2] {
        [self.memory.len() / 2, self.memory.len() - 1].map(|look| self.memory[look])
    }

    /// The results as a sentence for the report.
    pub(crate) fn sentence(&self) -> String {
        let [half, end] = self.halves().map(described);
        let (requests, seconds) = (self.requests, self.seconds);
        let build = cases::name(self.build);
        let verdict = if self.is_flat() {
            "flat"
        } else {
            "**not flat**"
        };
        format!(
            "Memory over {requests} requests with fresh tokens ({build}, {seconds:.0} s): half-way {half}; at the end {end}: {verdict}."
        )
    }

    /// The results as JSON.
    pub(crate) fn json(&self) -> Value {
        let look = |look: &Memory| json!({ "resident": look.resident, "linear": look.linear });
        json!({
            "build": cases::name(self.build),
            "requests": self.requests,
            "seconds": self.seconds,
            "memory": self.memory.iter().map(look).collect::<Vec<_>>(),
            "flat": self.is_flat(),
        })
    }

    /// Whether the memory stayed flat in the second half: the module's memory did not grow, and
    /// Envoy's memory grew by less than [`NOISE`].
    pub(crate) fn is_flat(&self) -> bool {
        let [half, end] = self.halves();
        end.linear <= half.linear && (end.resident as f64) < half.resident as f64 * (1.0 + NOISE)
    }
}

/// Runs the soak test of each build, if the options select it.
pub(crate) fn measure(options: &Options) -> Vec<Soak> {
    if options.soak == 0 || !options.wants("soak") {
        return Vec::new();
    }
    machine::stay_on_core(LOAD_CORE);
    let builds = [Build::Wasm, Build::Native];
    builds.map(|build| soak(build, options.soak)).into()
}

fn soak(build: Build, requests: u64) -> Soak {
    let world = World::start(&[cases::filled("soak", build, Cache::Entries(1000))]);
    let tokens = Fresh::new();
    let request = |number| Request::get(PATH).bearer(tokens.token(number));
    let mut memory = vec![Memory::of(world.process.id())];
    let start = Instant::now();
    let part = requests.div_ceil(LOOKS);
    for look in 0..LOOKS {
        let numbers = look * part..(look + 1) * part;
        let done = numbers.end;
        crowd::send(world.address("soak"), 4, numbers, 200, request).unwrap();
        let now = Memory::of(world.process.id());
        let name = cases::name(build);
        say(&format!("{done} fresh tokens ({name}): {}", described(now)));
        memory.push(now);
    }
    Soak {
        build,
        requests: part * LOOKS,
        seconds: start.elapsed().as_secs_f64(),
        memory,
    }
}

/// Describes a measurement of the memory in words.
fn described(memory: Memory) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let (resident, linear) = (megabytes(memory.resident), megabytes(memory.linear));
    if memory.linear == 0 {
        return format!("{resident:.1} MB");
    }
    format!("{resident:.1} MB, of which {linear:.1} MB are the module's")
}
