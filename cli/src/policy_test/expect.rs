//! What a test expects.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{fields::Fields, values::Values};
use crate::{
    finding::{Finding, Severity},
    source::Source,
};
use portcullis::{
    config::{ConfigPath, nearest},
    decision::Reason,
};

const FIELDS: [&str; 5] = ["decision", "status", "reason", "headers", "challenge"];

#[derive(Debug, Default)]
pub(super) struct Expect {
    pub(super) decision: Option<Outcome>,
    pub(super) status: Option<u16>,
    pub(super) reason: Option<String>,
    /// The headers that the upstream must receive; `None` means that it must not receive the
    /// header.
    pub(super) headers: BTreeMap<String, Option<Values>>,
    /// A string that `WWW-Authenticate` must contain.
    pub(super) challenge: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Allow,
    Deny,
}

impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// Reads `expect`. It must not be empty, because a test that expects nothing always passes.
pub(super) fn read(source: &Source, at: &ConfigPath, written: &Value) -> Result<Expect, Finding> {
    let fields = Fields::of(source, at, written, &FIELDS)?;
    let decision = fields.text("decision")?.map(|name| match name.as_str() {
        "allow" => Ok(Outcome::Allow),
        "deny" => Ok(Outcome::Deny),
        _ => Err(fields.error("decision", "write allow or deny")),
    });
    let mut headers = BTreeMap::new();
    for (name, value) in fields.object("headers")? {
        let header = match value {
            Value::Null => None,
            value => Some(Values::read(
                source,
                &at.member("headers").member(&name),
                &value,
            )?),
        };
        headers.insert(name, header);
    }
    let expect = Expect {
        decision: decision.transpose()?,
        status: fields.number("status", 401)?,
        reason: fields.text("reason")?,
        headers,
        challenge: fields.text("challenge")?,
    };
    let says_nothing = expect.decision.is_none()
        && expect.status.is_none()
        && expect.reason.is_none()
        && expect.headers.is_empty()
        && expect.challenge.is_none();
    if says_nothing {
        let message = "expects nothing; write decision, status, reason, headers or challenge";
        return Err(source.at(Severity::Error, at, message));
    }
    match expect.reason.as_deref().and_then(unknown_reason) {
        Some(message) => Err(fields.error("reason", message)),
        None => Ok(expect),
    }
}

/// The error message for a reason that does not exist; `None` if the reason exists.
fn unknown_reason(reason: &str) -> Option<String> {
    let all = reasons();
    if all.contains(&reason) {
        return None;
    }
    let remedy = match nearest(reason, all.iter().copied()) {
        Some(nearest) => format!(", did you mean \"{nearest}\"?"),
        None => format!("; the reasons are {}", all.join(", ")),
    };
    Some(format!("no decision has the reason \"{reason}\"{remedy}"))
}

/// All reasons that a decision can have, sorted.
fn reasons() -> Vec<&'static str> {
    const PERMITS: [&str; 7] = [
        "cors_preflight",
        "lenient",
        "not_required",
        "resource_metadata",
        "status",
        "unmatched",
        "verified",
    ];
    let denials = Reason::ALL.iter().map(|reason| reason.label());
    let mut all: Vec<&str> = PERMITS.into_iter().chain(denials).collect();
    all.sort_unstable();
    all.dedup();
    all
}
