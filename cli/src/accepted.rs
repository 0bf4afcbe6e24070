//! Reads the policy that a command uses for its decisions, and fails if the policy has an error.

use std::{io::BufRead, path::Path};

use crate::{
    check::policy,
    finding::Finding,
    outcome::{Exit, Failure},
    source::{
        Contents, Policy, Source, Unusable,
        policy::{Filter, remedy_without_filter},
    },
};
use portcullis::{
    config::{Config, Provider},
    policy::{ProviderId, Scheme},
};

/// Reads a configuration from a file. The file is a policy, or an Envoy file with the policy of the
/// filter `name`.
pub(crate) fn config(
    path: &Path,
    name: Option<&str>,
    input: &mut dyn BufRead,
) -> Result<Config, Failure> {
    let source = Source::read(path, input)?;
    read(&source, name).map(|(_, config)| config)
}

/// Reads the policy in a source file, and parses the policy into a configuration.
pub(crate) fn read(source: &Source, name: Option<&str>) -> Result<(Policy, Config), Failure> {
    let own = policy_of(source, name)?;
    match policy::read(source, &own) {
        Ok(config) => Ok((own, config)),
        Err(findings) => Err(failure(&findings, Exit::Findings)),
    }
}

/// Returns the policy of a file: the file itself if it is a policy, or the policy of the filter
/// `name` in an Envoy file.
fn policy_of(source: &Source, name: Option<&str>) -> Result<Policy, Failure> {
    let filters = match source.contents() {
        Ok(Contents::Policy(policy)) => match name {
            Some(name) => return Err(source.no_such_filter(name, &[])),
            None => return Ok(policy),
        },
        Ok(Contents::Envoy {
            document, filters, ..
        }) if filters.is_empty() && name.is_none() => {
            let (file, remedy) = (&source.name, remedy_without_filter(&document));
            return Err(Failure::Usage(format!(
                "{file}: this Envoy configuration has no Portcullis filter; {remedy}"
            )));
        }
        Ok(Contents::Envoy { filters, .. }) => filters,
        Err(Unusable::Syntax(finding)) => return Err(failure(&[finding], Exit::Usage)),
        Err(Unusable::Refused(finding)) => return Err(failure(&[finding], Exit::Findings)),
    };
    let is_wanted = |filter: &Filter| name.is_none_or(|name| filter.name == name);
    let (wanted, others): (Vec<_>, Vec<_>) = filters
        .into_iter()
        .partition(|(filter, _)| is_wanted(filter));
    if wanted.len() > 1 {
        let names: Vec<&str> = wanted.iter().map(|(filter, _)| &*filter.name).collect();
        return Err(several(source, &names));
    }
    match wanted.into_iter().next() {
        Some((_, Ok(policy))) => Ok(policy),
        Some((_, Err(finding))) => Err(failure(&[finding], Exit::Findings)),
        None => Err(source.no_such_filter(name.unwrap_or_default(), &others)),
    }
}

/// The failure for a file with several filters. The user can choose a filter by its name only if no
/// other filter has the same name.
fn several(source: &Source, names: &[&str]) -> Failure {
    let file = &source.name;
    let repeated = names
        .iter()
        .enumerate()
        .find_map(|(index, name)| names.iter().take(index).find(|earlier| *earlier == name));
    Failure::Usage(match repeated {
        Some(name) => format!(
            "{file}: several Portcullis filters have the name \"{name}\"; give each filter its own \
             \"name\", and choose one with --filter"
        ),
        None => format!(
            "{file}: several Portcullis filters; choose one with --filter: {}",
            names.join(", ")
        ),
    })
}

/// The providers that accept tokens. Providers that accept client secrets are left out.
pub(crate) fn token_providers(config: &Config) -> impl Iterator<Item = (ProviderId, &Provider)> {
    let providers = config.providers();
    providers.filter(|(_, provider)| provider.scheme() == Scheme::Bearer)
}

/// Turns findings into the failure that ends the command.
pub(crate) fn failure(findings: &[Finding], exit: Exit) -> Failure {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Failure::Findings(lines.join("\n"), exit)
}
