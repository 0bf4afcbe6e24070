//! `portcullis check`.

use std::{
    io::{BufRead, Write},
    path::Path,
};

use crate::{
    input::{self, KeySetFile},
    outcome::{Exit, Failure},
    redact::redacted,
};
use portcullis::{
    config::Config,
    jose::{KeyError, Nameless},
};

/// What counts as a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Errors alone.
    Errors,
    /// Weak choices too.
    Warnings,
}

/// Prints one line a finding.
pub(super) fn run(
    path: &Path,
    key_sets: &[KeySetFile],
    strictness: Strictness,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Exit, Failure> {
    let config = match input::config(path, input)? {
        Ok(config) => config,
        Err(error) => {
            writeln!(output, "error: {}", redacted(&error))?;
            return Ok(Exit::Findings);
        }
    };
    let mut found = Found::default();
    let expiring = config.expiry_warnings(input::time(None).seconds());
    let warnings = [
        &config.warnings,
        &config.reach_warnings(),
        &expiring,
        &config.discovery_warnings(),
    ];
    for warning in warnings.into_iter().flatten() {
        writeln!(output, "warning: {warning}")?;
        found.warnings = true;
    }
    for file in key_sets {
        check_key_set(&config, file, &mut found, output)?;
    }
    Ok(match strictness {
        _ if found.errors => Exit::Findings,
        Strictness::Warnings if found.warnings => Exit::Findings,
        Strictness::Errors | Strictness::Warnings => Exit::Done,
    })
}

/// Which kinds of findings there are.
#[derive(Default)]
struct Found {
    errors: bool,
    warnings: bool,
}

/// Whether the provider could use the set.
fn check_key_set(
    config: &Config,
    file: &KeySetFile,
    found: &mut Found,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let place = file.place();
    let key_set = match file.key_set(config)? {
        Ok(key_set) => key_set,
        Err(error) => {
            let remedy = input::KEY_SET_REMEDY;
            writeln!(output, "error: jwks of {place}: {error}; {remedy}")?;
            found.errors = true;
            return Ok(());
        }
    };
    for skipped in key_set.skipped() {
        // A shared secret that everyone can fetch is no mere skipped key.
        let published_secret = skipped.reason == KeyError::SecretFromAfar;
        let (level, kind) = match published_secret {
            true => ("error", &mut found.errors),
            false => ("warning", &mut found.warnings),
        };
        *kind = true;
        writeln!(output, "{level}: jwks of {place}: {skipped}")?;
    }
    if let Some(nameless) = Nameless::of(&key_set) {
        writeln!(output, "warning: jwks of {place}: {nameless}")?;
        found.warnings = true;
    }
    Ok(())
}
