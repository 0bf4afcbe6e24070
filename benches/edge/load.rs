//! Runs the load generator wrk.

use std::{net::SocketAddr, path::Path, process::Command};

use serde::Deserialize;

use crate::options::{self, LOAD_CORE};
use workload::PATH;

/// The number of open connections.
const CONNECTIONS: &str = "16";

/// The result that wrk's script prints.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Outcome {
    /// The number of responses.
    pub(crate) requests: u64,
    /// The number of responses with a status of 400 or more.
    pub(crate) refused: u64,
    /// The number of requests without a response.
    pub(crate) lost: u64,
    /// The duration of the run.
    pub(crate) microseconds: u64,
    /// The median latency, in microseconds.
    pub(crate) p50: u64,
    /// The 99th percentile of the latency, in microseconds.
    pub(crate) p99: u64,
}

/// Sends requests for `seconds` seconds, as fast as the server responds. The requests use the
/// tokens in the file `tokens`, in a loop.
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
