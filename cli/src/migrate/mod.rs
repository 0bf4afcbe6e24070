//! `portcullis migrate`: converts `jwt_authn` filters to Portcullis filters.
//!
//! The document is read as Envoy reads it ([`crate::envoy`]). Its `jwt_authn` filters are found
//! ([`search`], [`mod@surroundings`]), and each filter is converted ([`filter`], [`provider`],
//! [`keys`], [`requirement`]). The requirements of routes move into the routes' metadata
//! ([`route`]). The output is either the new configurations alone, or the whole document with the
//! module in place of each `jwt_authn` filter ([`rewrite`](mod@rewrite)). If listeners and routes
//! are served separately, the rewritten listener contains guards, which refuse requests until the
//! rewritten routes have also arrived ([`rollout`]).
//!
//! The migrated policy states every lenient setting of `jwt_authn` explicitly, so it lets the same
//! requests through. Every [`Difference`] that cannot be avoided is reported on standard error
//! ([`report`]). If a filter cannot be expressed in Portcullis, `migrate` fails with [`NotCarried`]
//! and writes nothing.

mod converted;
mod difference;
mod expression;
mod fields;
mod filter;
mod journal;
mod keys;
mod lookalike;
mod names;
mod object;
mod obstacle;
mod overrides;
mod provider;
mod query;
mod report;
mod requirement;
mod rewrite;
mod rollout;
mod route;
mod search;
mod surroundings;
mod taken;
mod unsettled;
mod wording;
pub(crate) mod write;

use std::{
    io::{BufRead, Write},
    path::Path,
};

use serde_json::Value;

pub(super) use self::rewrite::Target;
use self::{
    converted::Converted,
    filter::{Carried, carry},
    lookalike::Lookalike,
    rewrite::Modules,
    route::{Empty, Routes},
    search::{Found, filters},
    surroundings::{Surroundings, surroundings},
    unsettled::Edits,
};
pub use self::{
    difference::{Deviation, Difference, Severity},
    obstacle::{NotCarried, Obstacle},
};
use crate::envoy::{document::Node, reader::Format};
use crate::{
    Exit, Failure,
    finding::Severity as Rank,
    redact::redacted,
    source::{Source, policy},
};
use portcullis::config::ConfigPath;

/// The configuration that replaces one filter, and the differences in behaviour.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// The Portcullis configuration.
    pub configuration: Value,
    /// The differences from `jwt_authn`.
    pub differences: Vec<Difference>,
}

/// Converts the configuration of a `jwt_authn` filter (`JwtAuthentication`, as protobuf JSON).
/// Reads the files and environment variables that contain keys.
///
/// # Errors
/// Fails at the first part of the configuration that cannot be converted.
pub fn configuration(jwt_authn: &Value) -> Result<Migrated, NotCarried> {
    let node = serde_json::from_value(jwt_authn.clone())
        .unwrap_or_else(|_: serde_json::Error| Node::Map(Vec::new()));
    let carried = carry((ConfigPath::default(), &node))?;
    Ok(Migrated {
        configuration: serde_json::to_value(&carried.configuration).unwrap_or_default(),
        differences: carried.differences,
    })
}

/// Writes the new configurations or, if `module` is given, the whole rewritten document.
pub(super) fn run(
    path: &Path,
    module: Option<Target<'_>>,
    names: &[String],
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    errors: &mut dyn Write,
) -> Result<Exit, Failure> {
    let unreadable =
        |fault: String| Failure::Usage(format!("{}: {}", path.display(), redacted(&fault)));
    let source = Source::read(path, input)?;
    let (document, format) =
        Node::read(&source.text).map_err(|error| unreadable(error.to_string()))?;
    let found = filters(&document);
    let surroundings = surroundings(&document, names);
    if !names.is_empty() && !surroundings.is_apart {
        let fault = "--filter is for a file of routes, but this file has a jwt_authn filter; \
            remove --filter";
        return Err(unreadable(fault.to_owned()));
    }
    let not_carried = |error: NotCarried| {
        let finding = source.at(Rank::Error, &error.at, error.reason.to_string());
        Failure::Findings(finding.to_string(), Exit::Findings)
    };
    let mut carried = carry_all(&found, &surroundings).map_err(not_carried)?;
    let empty = empty_requirements(&carried);
    let mut routes = Routes::new(&surroundings, &empty, module);
    let rewritten = routes.rewrite(document.clone()).map_err(not_carried)?;
    let has_routes = routes.overrides > 0 || routes.marked > 0;
    if carried.is_empty() {
        let portcullis = policy::filters(&document).into_iter().map(|own| own.at);
        let portcullis: Vec<ConfigPath> = portcullis.collect();
        let instead = lookalike::lookalike(&document, &portcullis);
        if instead.is_some() || module.is_none() || !has_routes {
            return Err(none_found(&source, instead, portcullis.first()));
        }
    }
    let edits = Edits::of(&found);
    let converted = Converted {
        filters: &found,
        carried: &carried,
        surroundings: &surroundings,
        target: module,
        routes: &routes,
        sets_headers: edits.sets_headers(),
        unsettled: edits.unsettled(&document, &surroundings, routes.overrides),
    };
    converted.check().map_err(not_carried)?;
    let mut differences = converted.differences();
    let of_filters = carried.iter_mut().flat_map(|one| one.differences.drain(..));
    differences.extend(of_filters);
    differences.append(&mut routes.differences);
    let configurations = carried.into_iter().map(|carried| carried.configuration);
    let written = if let Some(target) = module {
        differences.retain(|difference| applies_after_rewrite(&difference.what, target));
        let configurations = configurations.map(|configuration| match target {
            Target::Native(_) => with_namespace(configuration),
            Target::Wasm(_) => configuration,
        });
        let mut modules = Modules::new(target, configurations, &surroundings);
        whole(&modules.rewrite(rewritten), format)
    } else {
        let places = found.iter().map(|filter| &filter.at);
        documents(places.zip(configurations))
    };
    report::write(&differences, &source, errors)?;
    output.write_all(written.as_bytes())?;
    Ok(Exit::Done)
}

/// Converts the filters, in document order.
fn carry_all(found: &[Found<'_>], surroundings: &Surroundings) -> Result<Vec<Carried>, NotCarried> {
    let mut carried = Vec::new();
    for filter in found {
        carried.push(carry((filter.at.clone(), filter.configuration))?);
    }
    match surroundings.routes_elsewhere.first() {
        Some(elsewhere) if surroundings.has_disabled => Err(NotCarried {
            at: elsewhere.at.clone(),
            reason: Obstacle::OverrideEnables,
        }),
        _ => Ok(carried),
    }
}

/// The failure for a file without a `jwt_authn` filter.
fn none_found(
    source: &Source,
    instead: Option<Lookalike>,
    portcullis: Option<&ConfigPath>,
) -> Failure {
    if let (None, Some(at)) = (&instead, portcullis) {
        let message = "this filter is already Portcullis, and the file has no jwt_authn filter; \
                       there is nothing to migrate";
        let finding = source.at(Rank::Error, at, message);
        return Failure::Findings(finding.to_string(), Exit::Findings);
    }
    let instead = instead.map(|instead| format!(", but {}", redacted(&instead)));
    let (file, instead) = (&source.name, instead.unwrap_or_default());
    Failure::Finding(format!("{file}: no jwt_authn filter{instead}"))
}

/// Sets `metadata_namespace`, so that the dynamic module writes its metadata to the namespace in
/// which other filters look for the metadata of `jwt_authn`.
fn with_namespace(configuration: Node) -> Node {
    match configuration {
        Node::Map(mut members) => {
            let namespace = search::NAMESPACE.into();
            members.insert(0, ("metadata_namespace".to_owned(), namespace));
            Node::Map(members)
        }
        other => other,
    }
}

/// Whether the difference applies to a rewritten document, in which the module is already in place.
const fn applies_after_rewrite(what: &Deviation, target: Target<'_>) -> bool {
    match (what, target) {
        // The rewrite has moved the overrides, so the operator need not act on them.
        (Deviation::RouteOverride { .. }, _) => false,
        (_, Target::Native(_)) => !is_of_wasm_alone(what),
        (_, Target::Wasm(_)) => true,
    }
}

/// Whether the difference applies only to the proxy-wasm module. The dynamic module writes dynamic
/// metadata, so it does not have this difference.
const fn is_of_wasm_alone(what: &Deviation) -> bool {
    matches!(
        what,
        Deviation::ChoiceUnwritten
            | Deviation::DenialUnwritten
            | Deviation::FilterState
            | Deviation::MetadataUnwritten
    )
}

/// Returns the names of the requirements that require nothing, in two lists. One list is for
/// requirements that are empty in every filter, the other for those that are empty in only some.
fn empty_requirements(carried: &[Carried]) -> Empty {
    let is_empty = |one: &Carried, name: &String| one.empty_requirements.contains(name);
    let names = carried.iter().flat_map(|one| one.empty_requirements.iter());
    let (everywhere, somewhere) = names
        .cloned()
        .partition(|name| carried.iter().all(|one| is_empty(one, name)));
    Empty {
        everywhere,
        somewhere,
    }
}

fn documents<'a>(configurations: impl Iterator<Item = (&'a ConfigPath, Node)>) -> String {
    let documents = configurations.map(|(at, configuration)| {
        let yaml = write::yaml(&configuration);
        format!("# Equivalent of the jwt_authn filter at {at}\n{yaml}")
    });
    documents.collect::<Vec<_>>().join("---\n")
}

fn whole(document: &Node, format: Format) -> String {
    match format {
        Format::Json => {
            let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
            text.push('\n');
            text
        }
        Format::Yaml => write::yaml(document),
    }
}
