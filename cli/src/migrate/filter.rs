//! One `jwt_authn` filter as a configuration of Portcullis.
//!
//! What `jwt_authn` grants tacitly is written out, so that the equivalent configuration can be read
//! and hardened line by line. At the end it is read as the module would read it: what the module
//! refuses, it must not come from here.

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
use crate::envoy::document::Node;
use portcullis::config::{Config, ConfigPath};

/// What differs whatever is configured.
const EVERYWHERE: [Deviation; 5] = [
    Deviation::Answers,
    Deviation::Counters,
    Deviation::StricterTokens,
    Deviation::StricterKeys,
    Deviation::SeveralTokens,
];

/// All headers of a request together, in Envoy's default.
const LONGEST_PATH: u64 = 61_440;

/// The equivalent of a filter.
pub(super) struct Carried {
    /// The configuration.
    pub(super) configuration: Node,
    /// What behaves otherwise.
    pub(super) differences: Vec<Difference>,
    /// Requirements by name that ask for nothing.
    pub(super) empty_requirements: Vec<String>,
}

/// Carries a filter over.
pub(super) fn carry(filter: Placed<'_>) -> Result<Carried, NotCarried> {
    let mut fields = Fields::open(filter)?;
    let at = fields.at().clone();
    let mut journal = Journal::default();
    for what in EVERYWHERE {
        journal.note(&ConfigPath::default(), what);
    }
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

/// `jwt_authn` reads paths of any length. No request has a longer one than this unless
/// `max_request_headers_kb` was raised above Envoy's default of 60.
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

/// What the module would say.
fn check(configuration: &Node, at: &ConfigPath) -> Result<(), NotCarried> {
    let text = serde_json::to_vec(configuration).unwrap_or_default();
    Config::parse(&text).map(drop).map_err(|error| NotCarried {
        at: at.clone(),
        reason: Obstacle::Refused(error),
    })
}
