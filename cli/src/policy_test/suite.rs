//! The format of a file with policy tests.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    envoy::{document::Node, position::Position},
    finding::{Finding, Severity},
    source::{Source, value::value},
};
use portcullis::{config::ConfigPath, decision::Reason};

/// A test file.
pub(super) struct Suite {
    pub(super) config: ConfigRef,
    /// The filter's name, if the policy is in an Envoy file with several.
    pub(super) filter: Option<String>,
    pub(super) now: Option<u64>,
    pub(super) tests: Vec<Test>,
}

/// The policy under test.
pub(super) enum ConfigRef {
    /// The path of the policy's file, relative to the test file.
    File(String),
    /// A policy in the test file itself.
    Inline(Value),
}

pub(super) struct Test {
    pub(super) name: String,
    pub(super) position: Option<Position>,
    pub(super) request: Request,
    pub(super) tokens: Vec<Token>,
    pub(super) basic: Option<Basic>,
    pub(super) certificate: Option<String>,
    pub(super) expect: Expect,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: Option<String>,
    pub(super) path: String,
    pub(super) authority: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Values>,
    pub(super) route_metadata: Option<Value>,
    #[serde(default)]
    pub(super) filter_state: BTreeMap<String, String>,
}

/// The value of a header line, or several for several lines.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Values {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub(super) provider: Option<String>,
    #[serde(default)]
    pub(super) claims: Map<String, Value>,
    #[serde(default)]
    pub(super) header: Map<String, Value>,
    #[serde(default)]
    pub(super) expired: bool,
    #[serde(default)]
    pub(super) forged: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Basic {
    pub(super) client: String,
    pub(super) secret: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) decision: Option<Outcome>,
    pub(super) status: Option<u16>,
    pub(super) reason: Option<String>,
    /// The headers that the upstream must see; null means that the header must be absent.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Option<Values>>,
    /// A text that `WWW-Authenticate` must contain.
    pub(super) challenge: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSuite {
    config: Value,
    filter: Option<String>,
    now: Option<u64>,
    tests: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTest {
    name: String,
    request: Value,
    token: Option<Value>,
    basic: Option<Value>,
    certificate: Option<String>,
    expect: Value,
}

/// Reads a test file, or returns every error in it.
pub(super) fn read(source: &Source) -> Result<Suite, Vec<Finding>> {
    let (document, format) = Node::read(&source.text).map_err(|error| {
        vec![source.finding(Severity::Error, error.position, "", error.fault.to_string())]
    })?;
    let top = ConfigPath::default();
    let document = value(&document, format, &top, &mut Vec::new());
    let raw: RawSuite = part(source, &top, &document).map_err(|finding| vec![finding])?;
    let mut findings = Vec::new();
    let config = match raw.config {
        Value::String(path) => ConfigRef::File(path),
        Value::Object(_) => ConfigRef::Inline(raw.config),
        _ => {
            let at = top.member("config");
            let message = "write the path of a policy or Envoy file, relative to this file, or the \
                           policy itself";
            findings.push(source.at(Severity::Error, &at, message));
            ConfigRef::Inline(Value::Null)
        }
    };
    let mut tests = Vec::new();
    for (index, raw) in raw.tests.iter().enumerate() {
        match test(source, &top.member("tests").element(index), raw) {
            Ok(test) => tests.push(test),
            Err(finding) => findings.push(finding),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    Ok(Suite {
        config,
        filter: raw.filter,
        now: raw.now,
        tests,
    })
}

fn test(source: &Source, at: &ConfigPath, written: &Value) -> Result<Test, Finding> {
    let raw: RawTest = part(source, at, written)?;
    let token_at = at.member("token");
    let tokens = match &raw.token {
        None => Vec::new(),
        Some(Value::Array(tokens)) => {
            let tokens = tokens.iter().enumerate();
            let read = |(index, token)| part(source, &token_at.element(index), token);
            tokens.map(read).collect::<Result<_, _>>()?
        }
        Some(token) => vec![part(source, &token_at, token)?],
    };
    let basic = raw.basic.as_ref();
    let basic = basic.map(|basic| part(source, &at.member("basic"), basic));
    let expect: Expect = part(source, &at.member("expect"), &raw.expect)?;
    let says_nothing = expect.decision.is_none()
        && expect.status.is_none()
        && expect.reason.is_none()
        && expect.headers.is_empty()
        && expect.challenge.is_none();
    if says_nothing {
        let message = "expects nothing; write decision, status, reason, headers or challenge";
        return Err(source.at(Severity::Error, &at.member("expect"), message));
    }
    if let Some(reason) = &expect.reason
        && !reasons().any(|known| known == reason)
    {
        let message = format!(
            "no decision has the reason \"{reason}\"; the reasons are {}",
            reasons().collect::<Vec<_>>().join(", ")
        );
        return Err(source.at(
            Severity::Error,
            &at.member("expect").member("reason"),
            message,
        ));
    }
    Ok(Test {
        name: raw.name,
        position: source.at(Severity::Error, at, "").position,
        request: part(source, &at.member("request"), &raw.request)?,
        tokens,
        basic: basic.transpose()?,
        certificate: raw.certificate,
        expect,
    })
}

/// All reasons that a decision can have.
fn reasons() -> impl Iterator<Item = &'static str> {
    const PERMITS: [&str; 6] = [
        "cors_preflight",
        "lenient",
        "not_required",
        "status",
        "unmatched",
        "verified",
    ];
    let denials = Reason::ALL.iter().map(|reason| reason.label());
    PERMITS
        .into_iter()
        .chain(denials.filter(|label| !PERMITS.contains(label)))
}

fn part<T: DeserializeOwned>(
    source: &Source,
    at: &ConfigPath,
    value: &Value,
) -> Result<T, Finding> {
    serde_json::from_value(value.clone()).map_err(|error| {
        let text = error.to_string();
        let field = text.strip_prefix("unknown field `");
        let field = field.and_then(|rest| rest.split('`').next());
        let at = field.map_or_else(|| at.clone(), |field| at.member(field));
        source.at(Severity::Error, &at, text)
    })
}
