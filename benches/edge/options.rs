//! What to measure, and for how long.

use std::{
    env,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The core that Envoy has for itself; wrk and everything else run on the other.
pub(crate) const ENVOY_CORE: usize = 1;
/// The core of the load generator.
pub(crate) const LOAD_CORE: usize = 0;

/// Choices of the environment.
pub(crate) struct Options {
    /// How often each listener is loaded.
    pub(crate) rounds: usize,
    /// For how long each time.
    pub(crate) seconds: u64,
    /// Beginnings of names; only what has one of them is measured.
    pub(crate) wanted: Vec<String>,
    /// Requests of the soak.
    pub(crate) soak: u64,
    /// Whether the table goes into the documentation.
    pub(crate) writes_docs: bool,
}

impl Options {
    /// Reads them; what is not given has the value of a full measurement.
    pub(crate) fn from_environment() -> Self {
        let wanted = env::var("BENCH_CASES").unwrap_or_default();
        Self {
            rounds: number("BENCH_ROUNDS", 9),
            seconds: number("BENCH_SECONDS", 1),
            wanted: wanted
                .split([',', ' '])
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            soak: number("BENCH_SOAK", 5_000_000),
            writes_docs: number("BENCH_WRITE_DOCS", 0) > 0,
        }
    }

    /// Whether that is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|part| name.starts_with(part))
    }
}

/// Where results and what they need are put.
pub(crate) fn folder() -> PathBuf {
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    support::folders::project()
}

fn number<N: FromStr<Err: Debug>>(name: &str, default: N) -> N {
    match env::var(name) {
        Ok(text) if !text.is_empty() => text.parse().expect(name),
        _ => default,
    }
}
