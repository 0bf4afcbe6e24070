//! Reads what the kernel reports about a process and the machine.

use std::{
    fs,
    process::{self, Command},
};

use support::envoy;

/// The processor time of all threads of a process, in nanoseconds.
pub(crate) fn processor_time(process: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of = |task: fs::DirEntry| {
        // A thread may end before its file is read.
        let line = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        line.split(' ')
            .next()
            .and_then(|time| time.parse::<u64>().ok())
    };
    tasks.flatten().filter_map(of).sum()
}

/// Moves all threads of this process to one core, so that they leave Envoy's core alone.
pub(crate) fn stay_on_core(core: usize) {
    let own = process::id().to_string();
    let arguments = [
        "--all-tasks",
        "--cpu-list",
        "--pid",
        &core.to_string(),
        &own,
    ];
    let output = Command::new("taskset").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The name of the processor, and the number of its cores.
pub(crate) fn processors() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names = || {
        information
            .lines()
            .filter_map(|line| line.strip_prefix("model name"))
    };
    let name = names()
        .next()
        .unwrap_or("unknown")
        .trim_matches([' ', '\t', ':']);
    format!("{} x {name}", names().count())
}

/// The version of Envoy.
pub(crate) fn envoy_version() -> String {
    let output = Command::new(envoy::binary())
        .arg("--version")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split("version: ").nth(1).unwrap_or_default();
    // The text contains the commit, the version and the kind of build.
    version
        .trim()
        .split('/')
        .nth(1)
        .unwrap_or("unknown")
        .to_owned()
}
