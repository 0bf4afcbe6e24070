//! `portcullis decide`: reads requests from standard input, and prints a decision on each.

use std::{
    io::{self, BufRead, Write},
    path::Path,
};

use crate::{
    accepted,
    input::{self, KeySetFile},
    outcome::{Exit, Failure},
    redact::redacted,
    trial::{self, RequestLine},
};
use portcullis::engine::Engine;

/// Decides on the request in each line of the input.
pub(super) fn run(
    path: &Path,
    filter: Option<&str>,
    now: Option<u64>,
    key_sets: &[KeySetFile],
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Exit, Failure> {
    if input::is_standard(path) {
        return Err(Failure::Usage(
            "--config -: standard input contains the requests; name a file for the policy"
                .to_owned(),
        ));
    }
    let config = accepted::config(path, filter, &mut io::empty())?;
    let now = input::time(now);
    let mut engine = Engine::new(config);
    for file in key_sets {
        file.preload(&mut engine, now)?;
    }
    for (index, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let request: RequestLine = serde_json::from_str(&line).map_err(|error| {
            let number = index.saturating_add(1);
            Failure::Usage(format!("line {number}: {}", redacted(&error)))
        })?;
        let decision = trial::decide(&engine, &request, now);
        serde_json::to_writer(&mut *output, &decision).map_err(io::Error::from)?;
        writeln!(output)?;
    }
    Ok(Exit::Done)
}
