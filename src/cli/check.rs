//! `portcullis check`.

use std::{io::Write, path::Path};

use crate::{
    cli::{Exit, Failure, KeySetFile, input, system_time},
    config::Config,
    jose::{KeyError, KeyOrigin, KeySet, KeySetLimits},
};

/// Prints one line a finding.
pub(super) fn run(
    path: &Path,
    key_sets: &[KeySetFile],
    output: &mut dyn Write,
) -> Result<Exit, Failure> {
    let config = match input::config(path)? {
        Ok(config) => config,
        Err(error) => {
            writeln!(output, "error: {error}")?;
            return Ok(Exit::Findings);
        }
    };
    let expiring = config.expiry_warnings(system_time().seconds());
    for warning in config.warnings.iter().chain(&expiring) {
        writeln!(output, "warning: {warning}")?;
    }
    let mut exit = Exit::Done;
    for file in key_sets {
        if !check_key_set(&config, file, output)? {
            exit = Exit::Findings;
        }
    }
    Ok(exit)
}

/// Whether the provider could use the set.
fn check_key_set(
    config: &Config,
    file: &KeySetFile,
    output: &mut dyn Write,
) -> Result<bool, Failure> {
    let (_, document) = file.read(config)?;
    let name = file.provider_name();
    let limits = KeySetLimits {
        bytes: config.limits.jwks_bytes,
        keys: config.limits.jwks_keys,
    };
    let key_set = match KeySet::parse(&document, KeyOrigin::Remote, limits) {
        Ok(key_set) => key_set,
        Err(error) => {
            writeln!(output, "error: jwks of {name}: {error}")?;
            return Ok(false);
        }
    };
    let mut usable = true;
    for skipped in key_set.skipped() {
        // A shared secret that everyone can fetch is no mere skipped key.
        let published_secret = skipped.reason == KeyError::SecretFromAfar;
        usable &= !published_secret;
        let level = if published_secret { "error" } else { "warning" };
        writeln!(output, "{level}: jwks of {name}: {skipped}")?;
    }
    Ok(usable)
}
