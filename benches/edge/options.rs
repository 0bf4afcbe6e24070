//! The options of a run: what to measure, and for how long.

use std::{
    env,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The core that Envoy runs on.
pub(crate) const ENVOY_CORE: usize = 1;
/// The core that wrk runs on. In the soak test, this program also runs on this core.
pub(crate) const LOAD_CORE: usize = 0;

/// The options that environment variables set.
pub(crate) struct Options {
    /// The number of rounds. Each round loads every listener once.
    pub(crate) rounds: usize,
    /// For how many seconds a round loads each listener.
    pub(crate) seconds: u64,
    /// Prefixes of names. Only cases and measurements whose names have one of these prefixes are
    /// selected. If the list is empty, all are selected.
    pub(crate) wanted: Vec<String>,
    /// The number of requests in the soak test.
    pub(crate) soak: u64,
    /// Whether the report's table and chart are written into the documentation.
    pub(crate) writes_docs: bool,
    /// Whether to run the training load instead of a measurement.
    pub(crate) trains: bool,
}

impl Options {
    /// Reads the environment variables. The defaults are the settings of a full measurement.
    pub(crate) fn from_environment() -> Self {
        let wanted = env::var("BENCH_CASES").unwrap_or_default();
        Self {
            rounds: number("BENCH_ROUNDS", 21),
            seconds: number("BENCH_SECONDS", 1),
            wanted: wanted
                .split([',', ' '])
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            soak: number("BENCH_SOAK", 5_000_000),
            writes_docs: number("BENCH_WRITE_DOCS", 0) > 0,
            trains: number("BENCH_TRAIN", 0) > 0,
        }
    }

    /// Whether to measure `name`.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|part| name.starts_with(part))
    }
}

/// The folder for results and temporary files.
pub(crate) fn folder() -> PathBuf {
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The root folder of the project.
pub(crate) fn root() -> &'static Path {
    support::folders::project()
}

fn number<N: FromStr<Err: Debug>>(name: &str, default: N) -> N {
    match env::var(name) {
        Ok(text) if !text.is_empty() => text.parse().expect(name),
        _ => default,
    }
}
