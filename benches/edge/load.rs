//! wrk, once.

use std::{net::SocketAddr, path::Path, process::Command};

use serde::Deserialize;

use crate::options::{self, LOAD_CORE};
use workload::PATH;

/// Connections that are open at once.
const CONNECTIONS: &str = "16";

/// What wrk's script prints.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Outcome {
    /// Answers.
    pub(crate) requests: u64,
    /// Of those, answers of 400 and more.
    pub(crate) refused: u64,
    /// What was never answered.
    pub(crate) lost: u64,
    /// How long it took.
    pub(crate) microseconds: u64,
    /// Half of the answers took no longer, in microseconds.
    pub(crate) p50: u64,
    /// 99 of 100.
    pub(crate) p99: u64,
}

/// Sends what stands in `tokens`, round and round, as fast as the server answers.
pub(crate) fn send(address: SocketAddr, tokens: &Path, seconds: u64) -> Outcome {
    let output = Command::new("taskset")
        .args(["-c", &LOAD_CORE.to_string(), "wrk", "--threads", "1"])
        .args(["--connections", CONNECTIONS])
        .args(["--duration", &format!("{seconds}s")])
        .arg("--script")
        .arg(options::root().join("benches/edge/load.lua"))
        .arg(format!("http://{address}{PATH}"))
        .arg(tokens)
        .output()
        .expect("wrk (make bench installs it)");
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.lines().rev().find(|line| line.starts_with('{'));
    json.and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)))
}
