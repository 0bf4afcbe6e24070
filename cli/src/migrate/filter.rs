//! Converts one `jwt_authn` filter to a Portcullis configuration.
//!
//! The result states everything that `jwt_authn` tacitly allows, so the operator can read it and
//! make it stricter line by line. The last step parses the result as the module does, so `migrate`
//! never writes a configuration that the module refuses.

use super::{
    difference::{Deviation, Difference},
    fields::{Fields, Placed},
    journal::Journal,
    names::{Names, fitted},
    object::Object,
    obstacle::{NotCarried, Obstacle},
    provider,
    requirement::Requirements,
};
use crate::envoy::{
    document::Node,
    message::{Walk, visit},
};
use portcullis::config::{Config, ConfigPath, Step};

/// The differences in behaviour that every converted filter has.
const EVERYWHERE: [Deviation; 5] = [
    Deviation::Answers,
    Deviation::Counters,
    Deviation::StricterTokens,
    Deviation::StricterKeys,
    Deviation::SeveralTokens,
];

/// Envoy's default limit for the total size of a request's headers, in bytes. The path counts as a
/// header, so this is also the limit for a path.
const LONGEST_PATH: u64 = 61_440;

/// The configuration that replaces a filter, and the differences in behaviour.
pub(super) struct Carried {
    pub(super) configuration: Node,
    pub(super) differences: Vec<Difference>,
    /// The names of the requirements in `requirement_map` that require nothing.
    pub(super) empty_requirements: Vec<String>,
}

/// Converts a filter.
pub(super) fn carry(filter: Placed<'_>) -> Result<Carried, NotCarried> {
    let mut journal = Journal::default();
    for what in EVERYWHERE {
        journal.note(&ConfigPath::default(), what);
    }
    note_nulls(&filter, &mut journal);
    let mut fields = Fields::open(filter)?;
    let at = fields.at().clone();
    let written = fields.entries("providers")?;
    let names = Names::fit(written.iter().map(|(name, _)| *name));
    let mut providers = Object::default();
    for (name, placed) in written {
        let fitted = names.name(name);
        if fitted != name {
            let to = fitted.clone();
            journal.note(&placed.0, Deviation::Renamed { to });
        }
        providers.put(&fitted, provider::provider(placed, &mut journal)?);
    }
    let mut requirements = Requirements::new(&names);
    let named = requirements.named(fields.entries("requirement_map")?, &mut journal)?;
    let mut rules = Vec::new();
    for placed in fields.list("rules")? {
        rules.push(requirements.rule(placed, &mut journal)?);
    }
    let filter_state = match fields.take("filter_state_rules")? {
        Some(placed) => Some(requirements.filter_state_rules(placed, &mut journal)?),
        None => None,
    };
    let mut configuration = Object::default();
    configuration.put("unmatched", "allow");
    configuration.put("path_policy", "raw");
    configuration.put("limits", limits());
    for flag in ["bypass_cors_preflight", "strip_failure_response"] {
        configuration.put_flag(flag, fields.flag(flag)?);
    }
    configuration.put_some("stat_prefix", stat_prefix(&mut fields, &mut journal)?);
    configuration.put_filled("providers", providers);
    configuration.put_filled("requirement_map", named);
    configuration.put_filled("rules", Node::List(rules));
    configuration.put_some("filter_state_rules", filter_state);
    fields.finish()?;
    let configuration = configuration.into();
    check(&configuration, &at)?;
    Ok(Carried {
        configuration,
        differences: journal.0,
        empty_requirements: requirements.into_empty(),
    })
}

/// Notes the fields that are null. They are left out of the result, where `null` may be an error.
fn note_nulls((at, node): &Placed<'_>, journal: &mut Journal) {
    visit(node, at, &mut |at, node| {
        if node.is_null() && matches!(at.steps().last(), Some(Step::Member(_))) {
            journal.note(at, Deviation::EmptyField);
        }
        Walk::Into
    });
}

/// `jwt_authn` has no limit for the length of a path, so the limit here is the longest path that
/// Envoy accepts by default. Longer paths are possible only if `max_request_headers_kb` is above
/// Envoy's default of 60.
fn limits() -> Node {
    let mut limits = Object::default();
    limits.put("path_bytes", LONGEST_PATH);
    limits.into()
}

fn stat_prefix(
    fields: &mut Fields<'_>,
    journal: &mut Journal,
) -> Result<Option<String>, NotCarried> {
    let Some(written) = fields.text("stat_prefix")? else {
        return Ok(None);
    };
    let to = fitted(written);
    if to != written {
        let to = to.clone();
        journal.note(
            &fields.at().member("stat_prefix"),
            Deviation::Renamed { to },
        );
    }
    Ok(Some(to))
}

/// Parses the result as the module does.
fn check(configuration: &Node, at: &ConfigPath) -> Result<(), NotCarried> {
    let text = serde_json::to_vec(configuration).unwrap_or_default();
    Config::parse(&text).map(drop).map_err(|error| NotCarried {
        at: at.clone(),
        reason: Obstacle::Refused(error),
    })
}
