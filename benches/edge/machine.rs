//! What the kernel says of a process and of the machine.

use std::fs;

/// Processor time of a process in nanoseconds, all of its threads together.
pub(crate) fn processor_time(process: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of = |task: fs::DirEntry| {
        // A thread may end while its line is read.
        let line = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        line.split(' ')
            .next()
            .and_then(|time| time.parse::<u64>().ok())
    };
    tasks.flatten().filter_map(of).sum()
}

/// Resident memory of a process in bytes.
pub(crate) fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    kilobytes.map(|kilobytes: u64| kilobytes * 1024).unwrap()
}

/// The processor's name and how many of it there are.
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
