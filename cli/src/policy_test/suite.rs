//! Reads files with policy tests.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    certificate,
    expect::{self, Expect},
    fields::Fields,
    values::Values,
};
use crate::{
    envoy::{document::Node, position::Position},
    finding::{Finding, Severity},
    source::{Contents, Source, value::value},
    trial::PeerCertificate,
};
use portcullis::{certificate_digest::CertificateDigest, config::ConfigPath, connection::PeerName};

const FIELDS: [&str; 4] = ["config", "filter", "now", "tests"];
const TEST_FIELDS: [&str; 6] = ["name", "request", "token", "basic", "certificate", "expect"];
const REQUEST_FIELDS: [&str; 6] = [
    "method",
    "path",
    "authority",
    "headers",
    "route_metadata",
    "filter_state",
];
const TOKEN_FIELDS: [&str; 5] = ["provider", "claims", "header", "expired", "forged"];
const BASIC_FIELDS: [&str; 2] = ["client", "secret"];
const CERTIFICATE_FIELDS: [&str; 4] = ["digest", "uri_san", "dns_san", "subject"];

/// The advice on what to write into `config`.
pub(super) const CONFIG: &str =
    "write the path of a policy or Envoy file, relative to this file, or the policy itself";

/// A test file.
pub(super) struct Suite {
    pub(super) config: ConfigRef,
    /// The name of the filter to use, if the policy is in an Envoy file with several filters.
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
    /// The certificate of the connection's peer.
    pub(super) certificate: PeerCertificate,
    pub(super) expect: Expect,
}

#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: Option<String>,
    pub(super) path: String,
    pub(super) authority: Option<String>,
    pub(super) headers: BTreeMap<String, Values>,
    pub(super) route_metadata: Option<Value>,
    pub(super) filter_state: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(super) struct Token {
    pub(super) provider: Option<String>,
    pub(super) claims: Map<String, Value>,
    pub(super) header: Map<String, Value>,
    pub(super) expired: bool,
    pub(super) forged: bool,
}

#[derive(Debug)]
pub(super) struct Basic {
    pub(super) client: String,
    pub(super) secret: Option<String>,
}

/// Reads a test file, or returns every error in it.
pub(super) fn read(source: &Source) -> Result<Suite, Vec<Finding>> {
    let (document, format) = Node::read(&source.text).map_err(|error| {
        vec![source.finding(Severity::Error, error.position, "", error.fault.to_string())]
    })?;
    let top = ConfigPath::default();
    let document = value(&document, format, &top, &mut Vec::new());
    if document.get("tests").is_none() && is_policy(source, &document) {
        let message = "this is a policy or an Envoy file, not a test file; write a test file that \
                       names this file in \"config\"";
        return Err(vec![source.finding(Severity::Error, None, "", message)]);
    }
    let mut findings = Vec::new();
    let suite = suite(source, &document, &mut findings).map_err(|finding| vec![finding])?;
    match findings.is_empty() {
        true => Ok(suite),
        false => Err(findings),
    }
}

/// Whether a file without tests is a policy or an Envoy configuration. The operator may have passed
/// it in place of the test file.
fn is_policy(source: &Source, document: &Value) -> bool {
    let has = |name: &str| document.get(name).is_some();
    has("providers") || has("rules") || matches!(source.contents(), Ok(Contents::Envoy { .. }))
}

/// Whether the file has policy tests.
pub(super) fn has_tests(source: &Source) -> bool {
    let Ok((document, format)) = Node::read(&source.text) else {
        return false;
    };
    let document = value(&document, format, &ConfigPath::default(), &mut Vec::new());
    document.get("config").is_some() && document.get("tests").is_some()
}

/// Reads the top level of a test file, and its tests. If a test has an error, adds the error to
/// `findings`.
fn suite(source: &Source, document: &Value, findings: &mut Vec<Finding>) -> Result<Suite, Finding> {
    let top = ConfigPath::default();
    let fields = Fields::of(source, &top, document, &FIELDS)?;
    let config = match fields.required("config")? {
        Value::String(path) => ConfigRef::File(path.clone()),
        Value::Object(policy) => ConfigRef::Inline(Value::Object(policy.clone())),
        _ => return Err(fields.error("config", CONFIG)),
    };
    let written = match fields.required("tests")? {
        Value::Array(tests) if !tests.is_empty() => tests,
        _ => return Err(fields.error("tests", "no tests; write a list with at least one test")),
    };
    let filter = fields.text("filter")?;
    let now = fields.number("now", 1_700_000_000)?;
    let mut tests: Vec<Test> = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let at = top.member("tests").element(index);
        match test(source, &at, written) {
            Ok(test) if tests.iter().any(|other| other.name == test.name) => {
                let message = "another test has this name; give each test a name of its own, so \
                               that the results tell them apart";
                findings.push(source.at(Severity::Error, &at.member("name"), message));
            }
            Ok(test) => tests.push(test),
            Err(finding) => findings.push(finding),
        }
    }
    Ok(Suite {
        config,
        filter,
        now,
        tests,
    })
}

fn test(source: &Source, at: &ConfigPath, written: &Value) -> Result<Test, Finding> {
    let fields = Fields::of(source, at, written, &TEST_FIELDS)?;
    let token_at = at.member("token");
    let tokens = match fields.value("token") {
        None => Vec::new(),
        Some(Value::Array(tokens)) => {
            let tokens = tokens.iter().enumerate();
            let read = |(index, one)| token(source, &token_at.element(index), one);
            tokens.map(read).collect::<Result<_, _>>()?
        }
        Some(one) => vec![token(source, &token_at, one)?],
    };
    let basic = fields.value("basic");
    let basic = basic.map(|written| basic_of(source, &at.member("basic"), written));
    let certificate = match fields.value("certificate") {
        Some(object @ Value::Object(_)) => {
            certificate_of(source, &at.member("certificate"), object)?
        }
        _ => PeerCertificate {
            digest: digest(&fields, "certificate")?,
            names: Vec::new(),
        },
    };
    Ok(Test {
        name: fields.required_text("name")?,
        position: source.at(Severity::Error, at, "").position,
        request: request(source, &at.member("request"), fields.required("request")?)?,
        tokens,
        basic: basic.transpose()?,
        certificate,
        expect: expect::read(source, &at.member("expect"), fields.required("expect")?)?,
    })
}

fn request(source: &Source, at: &ConfigPath, written: &Value) -> Result<Request, Finding> {
    let fields = Fields::of(source, at, written, &REQUEST_FIELDS)?;
    let mut headers = BTreeMap::new();
    for (name, value) in fields.object("headers")? {
        let values = Values::read(source, &at.member("headers").member(&name), &value)?;
        headers.insert(name, values);
    }
    let mut filter_state = BTreeMap::new();
    for (name, value) in fields.object("filter_state")? {
        let Value::String(value) = value else {
            let at = at.member("filter_state").member(&name);
            return Err(source.at(Severity::Error, &at, "write a string"));
        };
        filter_state.insert(name, value);
    }
    Ok(Request {
        method: fields.text("method")?,
        path: path(&fields)?,
        authority: fields.text("authority")?,
        headers,
        route_metadata: fields.value("route_metadata").cloned(),
        filter_state,
    })
}

/// Reads a path as Envoy passes it to filters: it begins with a slash, or is the `*` of an `OPTIONS`
/// request. Without the slash, no rule matches, so a test that expects a denial would pass.
fn path(fields: &Fields<'_>) -> Result<String, Finding> {
    let path = fields.required_text("path")?;
    if path.starts_with('/') || path == "*" {
        return Ok(path);
    }
    let message = "write a path that begins with \"/\"; the host belongs in \"authority\"";
    Err(fields.error("path", message))
}

fn token(source: &Source, at: &ConfigPath, written: &Value) -> Result<Token, Finding> {
    let fields = Fields::of(source, at, written, &TOKEN_FIELDS)?;
    Ok(Token {
        provider: fields.text("provider")?,
        claims: fields.object("claims")?,
        header: fields.object("header")?,
        expired: fields.flag("expired")?,
        forged: fields.flag("forged")?,
    })
}

/// Reads a certificate and its names. A policy may recognise the trusted proxy in front of Envoy by
/// one of these names.
fn certificate_of(
    source: &Source,
    at: &ConfigPath,
    written: &Value,
) -> Result<PeerCertificate, Finding> {
    let fields = Fields::of(source, at, written, &CERTIFICATE_FIELDS)?;
    let mut names = Vec::new();
    for (field, kind) in [
        ("uri_san", PeerName::UriSan),
        ("dns_san", PeerName::DnsSan),
        ("subject", PeerName::Subject),
    ] {
        names.extend(fields.text(field)?.map(|name| (kind, name)));
    }
    Ok(PeerCertificate {
        digest: digest(&fields, "digest")?,
        names,
    })
}

/// Reads a certificate's digest from a field that contains the digest or the certificate itself.
fn digest(fields: &Fields<'_>, name: &str) -> Result<Option<CertificateDigest>, Finding> {
    let written = fields.text(name)?;
    let digest = written.map(|text| certificate::digest(&text)).transpose();
    digest.map_err(|bad| fields.error(name, bad.to_string()))
}

fn basic_of(source: &Source, at: &ConfigPath, written: &Value) -> Result<Basic, Finding> {
    let fields = Fields::of(source, at, written, &BASIC_FIELDS)?;
    Ok(Basic {
        client: fields.required_text("client")?,
        secret: fields.text("secret")?,
    })
}
