//! Finds mistakes and weak choices in a policy, with their positions in the file.

use super::{every_error, every_error::Found, hints};
use crate::{
    finding::{Finding, Severity},
    source::{Policy, Source},
};
use portcullis::{
    config::{Config, ConfigPath, Fault},
    time::UnixMillis,
};

/// The error message for a number that Envoy reads as a string.
const NUMBER: &str = "Envoy reads this number as text, because the number has a fraction or an \
                      exponent, or is beyond 2^53; write a plain integer, or put the number \
                      between quotes";

/// Parses a policy, or returns every error in it.
pub(crate) fn read(source: &Source, policy: &Policy) -> Result<Config, Vec<Finding>> {
    let finding = |at: &ConfigPath, message: String| {
        let position = source.position_in(policy, at);
        source.finding(Severity::Error, position, at.to_string(), message)
    };
    let mut findings: Vec<Finding> = policy
        .texts
        .iter()
        .map(|at| finding(at, NUMBER.to_owned()))
        .collect();
    let config = every_error::read(&policy.value);
    let errors = match config {
        Ok(config) if findings.is_empty() => return Ok(config),
        Ok(_) => Vec::new(),
        Err(errors) => errors,
    };
    findings.extend(errors.iter().map(|found| {
        let position = source.position_in(policy, &found.place);
        let (path, message) = wording(found, &policy.value);
        source.finding(Severity::Error, position, path, message)
    }));
    Err(findings)
}

/// Returns an error's path and its message. If there is a hint, appends it to the message. For an
/// unknown field, the hint replaces the remedy in the message.
fn wording(found: &Found, document: &serde_json::Value) -> (String, String) {
    let text = found.error.to_string();
    let (path, message) = text.split_once(": ").unwrap_or(("", &text));
    let hint = hints::hint(&found.error, document);
    let message = match hint {
        Some(hint) if matches!(found.error.reason(), Fault::UnknownField { .. }) => {
            format!("{}; {hint}", found.error.reason())
        }
        Some(hint) => format!("{message}; {hint}"),
        None => message.to_owned(),
    };
    (path.to_owned(), message)
}

/// Warns about weak choices in a configuration.
pub(super) fn warnings(
    source: &Source,
    policy: &Policy,
    config: &Config,
    now: UnixMillis,
) -> Vec<Finding> {
    let all = config.warnings_on_review(now.seconds()).into_iter();
    all.map(|warning| {
        let position = source.position_in(policy, &warning.location);
        let (at, text) = (warning.location.to_string(), warning.text);
        source.finding(Severity::Warning, position, at, text)
    })
    .collect()
}
