//! Parses `match`, the conditions under which a rule applies to a request.

use super::{
    condition,
    list::{exactly_one, texts},
    mcp::mcp,
    text::regex,
};
use crate::{
    config::{
        ConfigError, Fault,
        error::At,
        raw::{RawMatch, RawRegex},
    },
    http::{
        HeaderName,
        method::is_misspelt,
        path::{Extent, unreachable},
    },
    policy::{Case, PathMatch, PathPolicy, PathText, RouteMatch},
};

/// Parses `match`.
pub(super) fn route(raw: &RawMatch, policy: PathPolicy) -> Result<RouteMatch, ConfigError> {
    let (field, written) = exactly_one([
        ("prefix", raw.prefix.as_deref().map(WrittenPath::Prefix)),
        ("path", raw.path.as_deref().map(WrittenPath::Exact)),
        (
            "safe_regex",
            raw.safe_regex.as_ref().map(WrittenPath::Regex),
        ),
        (
            "path_separated_prefix",
            raw.path_separated_prefix
                .as_deref()
                .map(WrittenPath::SegmentPrefix),
        ),
        (
            "connect_matcher",
            raw.connect_matcher.as_ref().map(|_| WrittenPath::Connect),
        ),
    ])?;
    let path = written.path(policy).at(field)?;
    let mcp = raw.mcp.as_ref().map(mcp).transpose().at("mcp")?;
    let other = match (&path, policy) {
        // With `path_policy: raw`, a client could spell the path in another way and so evade the
        // rules for MCP calls.
        (_, PathPolicy::Raw) => Some("path_policy"),
        (PathMatch::Connect, _) => Some("connect_matcher"),
        _ => None,
    };
    if let (Some(other), true) = (other, mcp.is_some()) {
        return Err(Fault::Contradiction {
            field: "mcp",
            other,
        }
        .into());
    }
    Ok(RouteMatch {
        path,
        case: match raw.case_sensitive {
            Some(false) => Case::Ignored,
            None | Some(true) => Case::Sensitive,
        },
        methods: match (raw.methods.as_deref(), &mcp) {
            (Some(raw), None) => methods(raw).at("methods")?,
            (None, None) => Vec::new(),
            (None, Some(_)) => vec![CALL_METHOD.to_owned()],
            (Some(raw), Some(_)) => call_method(raw).at("methods")?,
        },
        headers: each(raw.headers.as_deref(), |raw| condition::header(raw, policy))
            .at("headers")?,
        query_parameters: each(raw.query_parameters.as_deref(), condition::query_parameter)
            .at("query_parameters")?,
        mcp,
    })
}

/// The HTTP method of every MCP call.
const CALL_METHOD: &str = "POST";

/// Checks the HTTP methods of a rule for MCP calls.
fn call_method(raw: &[String]) -> Result<Vec<String>, ConfigError> {
    let methods = methods(raw)?;
    match methods.iter().find(|method| *method != CALL_METHOD) {
        None => Ok(methods),
        Some(other) => {
            let expected = "only POST, because every MCP call is a POST request";
            Err(Fault::wrong_form(expected, other).into())
        }
    }
}

#[derive(Clone, Copy)]
enum WrittenPath<'a> {
    Connect,
    Exact(&'a str),
    Prefix(&'a str),
    Regex(&'a RawRegex),
    SegmentPrefix(&'a str),
}

impl WrittenPath<'_> {
    fn path(self, policy: PathPolicy) -> Result<PathMatch, ConfigError> {
        let text = |path, extent| path_text(from_root(path)?, extent, policy);
        match self {
            Self::Connect => Ok(PathMatch::Connect),
            Self::Exact("*") => Ok(PathMatch::Exact("*".to_owned().into())), // for `OPTIONS *`
            Self::Exact(path) => Ok(PathMatch::Exact(text(path, Extent::Whole)?)),
            Self::Prefix("") => Ok(PathMatch::Prefix(String::new().into())),
            Self::Prefix(path) => Ok(PathMatch::Prefix(text(path, Extent::Start)?)),
            Self::Regex(raw) => regex(raw).map(PathMatch::Regex),
            Self::SegmentPrefix(path) => {
                let path = path_text(segments(path)?, Extent::Whole, policy)?;
                Ok(PathMatch::SegmentPrefix(path))
            }
        }
    }
}

/// Checks that a path starts with `/` and has no query or fragment. The path of every request has
/// this form, so a rule for any other path would protect nothing.
pub(super) fn from_root(path: &str) -> Result<&str, Fault> {
    if path.starts_with('/') && !path.contains(['?', '#']) {
        return Ok(path);
    }
    Err(Fault::wrong_form(
        "a path that starts with / and has no ? or #",
        path,
    ))
}

/// Parses a rule's path. With `path_policy: raw`, the rule only matches the path exactly as
/// written. With `path_policy: reject`, the rule also matches the path's normal spelling.
fn path_text(path: &str, extent: Extent, policy: PathPolicy) -> Result<PathText, Fault> {
    match policy {
        PathPolicy::Raw => Ok(PathText::verbatim(path.to_owned())),
        PathPolicy::Reject => match unreachable(path, extent) {
            Some(fault) => Err(Fault::UnreachablePath { fault }),
            None => Ok(PathText::from(path.to_owned())),
        },
    }
}

fn segments(path: &str) -> Result<&str, Fault> {
    let path = from_root(path)?;
    if path.ends_with('/') {
        return Err(Fault::wrong_form(
            "a path that does not end in / (to match all paths, use \"prefix\": \"/\")",
            path,
        ));
    }
    Ok(path)
}

fn methods(raw: &[String]) -> Result<Vec<String>, ConfigError> {
    let methods = texts(raw)?;
    for (index, method) in methods.iter().enumerate() {
        // A method has the same syntax as the name of a header: the grammar rule `token` (RFC 9110
        // §9.1).
        if is_misspelt(method.as_bytes()) || HeaderName::parse(method).is_err() {
            let expected = "a method in capital letters, such as GET";
            let wrong = Fault::wrong_form(expected, method);
            return Err(wrong).at_index(index);
        }
    }
    Ok(methods)
}

fn each<R, T>(
    raw: Option<&[R]>,
    parse: impl Fn(&R) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    let raw = raw.unwrap_or_default().iter().enumerate();
    raw.map(|(index, raw)| parse(raw).at_index(index)).collect()
}
