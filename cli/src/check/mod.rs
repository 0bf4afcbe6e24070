//! `portcullis check`: finds mistakes and weak choices in policies and in the Envoy configuration
//! around them.

mod certificates;
mod clusters;
mod every_error;
mod filter;
mod hints;
mod mcp;
mod misplaced;
pub(crate) mod policy;
mod report;
mod routes;

use std::{
    io::{BufRead, Write},
    path::PathBuf,
};

use crate::{
    envoy::{document::Node, reader::Format as Syntax},
    finding::{Finding, Severity},
    format::Format,
    input::{self, KeySetFile},
    outcome::{Exit, Failure},
    source::{
        Contents, Policy, Source, Unusable,
        policy::{Filter, remedy_without_filter},
    },
};
use portcullis::{
    config::Config,
    jose::{KeyError, Nameless},
    time::UnixMillis,
};

/// Which findings make the command fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Only errors.
    Errors,
    /// Errors and warnings.
    Warnings,
}

/// What to check, and how.
pub(super) struct Task<'a> {
    pub(super) files: &'a [PathBuf],
    /// The name of the only filter to check; `None` checks all.
    pub(super) filter: Option<&'a str>,
    pub(super) key_sets: &'a [KeySetFile],
    /// The URL of an MCP server to probe.
    pub(super) mcp: Option<&'a str>,
    pub(super) strictness: Strictness,
    pub(super) format: Format,
}

/// The results for all files.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    /// The accepted configurations, each with the name of its file.
    configs: Vec<(String, Config)>,
    /// The URL of the MCP server, if the server was checked and the check found nothing.
    server: Option<String>,
    /// Whether any file is neither YAML nor JSON.
    has_unusable: bool,
}

impl Found {
    /// Sorts the findings by file, and by their positions in the file.
    fn sort(&mut self) {
        self.findings
            .sort_by(|left, right| left.order().cmp(&right.order()));
    }
}

/// Checks the files and prints the findings.
pub(super) fn run(
    task: &Task<'_>,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Exit, Failure> {
    let now = input::time(None);
    let mut found = Found::default();
    for file in task.files {
        let source = Source::read(file, input)?;
        check_file(&source, task.filter, now, &mut found)?;
    }
    for file in task.key_sets {
        check_key_set(file, &mut found)?;
    }
    if let Some(url) = task.mcp {
        let findings = mcp::check(url)?;
        found.server = findings.is_empty().then(|| url.to_owned());
        found.findings.extend(findings);
    }
    found.sort();
    report::write(&found, task, output)?;
    let has = |severity| found.findings.iter().any(|one| one.severity == severity);
    Ok(match task.strictness {
        _ if found.has_unusable => Exit::Usage,
        _ if has(Severity::Error) => Exit::Findings,
        Strictness::Warnings if has(Severity::Warning) => Exit::Findings,
        Strictness::Errors | Strictness::Warnings => Exit::Done,
    })
}

/// Returns the findings about one source file, sorted by their positions.
pub(crate) fn findings(
    source: &Source,
    name: Option<&str>,
    now: UnixMillis,
) -> Result<Vec<Finding>, Failure> {
    let mut found = Found::default();
    check_file(source, name, now, &mut found)?;
    found.sort();
    Ok(found.findings)
}

fn check_file(
    source: &Source,
    name: Option<&str>,
    now: UnixMillis,
    found: &mut Found,
) -> Result<(), Failure> {
    let contents = match source.contents() {
        Ok(contents) => contents,
        Err(Unusable::Syntax(finding)) => {
            found.has_unusable = true;
            found.findings.push(finding);
            return Ok(());
        }
        Err(Unusable::Refused(finding)) => {
            found.findings.push(finding);
            return Ok(());
        }
    };
    match contents {
        Contents::Policy(own) => {
            match policy::read(source, &own) {
                Ok(config) => {
                    let warnings = policy::warnings(source, &own, &config, now);
                    found.findings.extend(warnings);
                    found.configs.push((source.name.clone(), config));
                }
                Err(errors) => found.findings.extend(errors),
            }
            Ok(())
        }
        Contents::Envoy {
            document,
            format,
            mut filters,
        } => {
            if let Some(name) = name {
                if !filters.iter().any(|(filter, _)| filter.name == name) {
                    return Err(source.no_such_filter(name, &filters));
                }
                filters.retain(|(filter, _)| filter.name == name);
            }
            check_envoy(source, (&document, format), filters, now, found);
            Ok(())
        }
    }
}

/// Checks the given filters of an Envoy configuration, and its routes.
fn check_envoy(
    source: &Source,
    (document, format): (&Node, Syntax),
    filters: Vec<(Filter, Result<Policy, Finding>)>,
    now: UnixMillis,
    found: &mut Found,
) {
    let findings = &mut found.findings;
    if filters.is_empty() && !routes::has_policy(document) {
        let remedy = remedy_without_filter(document);
        let message = format!(
            "this Envoy configuration has no Portcullis filter and no route with a policy; {remedy}"
        );
        findings.push(source.finding(Severity::Error, None, "", message));
    }
    let mut configs = Vec::new();
    for (filter, own) in filters {
        findings.extend(filter::check(source, document, &filter));
        match check_filter(source, document, &filter, own, now, findings) {
            Ok(config) => configs.push((filter, config)),
            Err(errors) => findings.extend(errors),
        }
    }
    findings.extend(routes::check(source, document, format, &configs));
    let configs = configs.into_iter();
    let configs = configs.map(|(_, config)| (source.name.clone(), config));
    found.configs.extend(configs);
}

/// Checks a filter's policy, and the parts of the document that the policy depends on.
fn check_filter(
    source: &Source,
    document: &Node,
    filter: &Filter,
    own: Result<Policy, Finding>,
    now: UnixMillis,
    findings: &mut Vec<Finding>,
) -> Result<Config, Vec<Finding>> {
    let own = own.map_err(|finding| vec![finding])?;
    let config = policy::read(source, &own)?;
    findings.extend(policy::warnings(source, &own, &config, now));
    findings.extend(filter::shared_memory(source, filter, &config));
    findings.extend(filter::metadata(source, filter, &config));
    findings.extend(certificates::check(source, document, filter, &config));
    findings.extend(clusters::check(source, document, &own, &config));
    Ok(config)
}

/// Checks that the provider can use the key set.
fn check_key_set(file: &KeySetFile, found: &mut Found) -> Result<(), Failure> {
    let Some((_, config)) = found
        .configs
        .iter()
        .find(|(_, config)| file.is_for(config))
        .or_else(|| found.configs.first())
    else {
        return Ok(()); // the configuration was refused, and its errors are reported
    };
    let finding = |severity, message: &dyn core::fmt::Display| Finding {
        severity,
        file: file.path(),
        position: None,
        path: format!("jwks of {}", file.provider()),
        message: message.to_string(),
    };
    let key_set = match file.key_set(config)? {
        Ok(key_set) => key_set,
        Err(error) => {
            let message = format!("{error}; {}", input::KEY_SET_REMEDY);
            found.findings.push(finding(Severity::Error, &message));
            return Ok(());
        }
    };
    for skipped in key_set.skipped() {
        let severity = match skipped.reason {
            // Anyone can fetch a published key set. So a shared secret in the set is an error, not
            // just a warning.
            KeyError::SecretFromAfar => Severity::Error,
            // Many servers publish a key for encryption next to those for signatures.
            KeyError::ForEncryption => continue,
            _ => Severity::Warning,
        };
        found.findings.push(finding(severity, skipped));
    }
    if let Some(nameless) = Nameless::of(&key_set) {
        found.findings.push(finding(Severity::Warning, &nameless));
    }
    Ok(())
}
