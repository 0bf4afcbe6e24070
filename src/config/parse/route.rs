//! Parses `match`, the conditions under which a rule applies to a request.

use std::borrow::Cow;

use super::{
    list::{exactly_one, one_or_none, texts},
    mcp::mcp,
    text::{Written, bad_regex, regex, string_match},
};
use crate::{
    config::{
        ConfigError, Fault,
        error::At,
        raw::{RawHeaderMatcher, RawMatch, RawQueryMatcher, RawRange, RawRegex, RawStringMatcher},
    },
    http::{
        HeaderName,
        method::is_misspelt,
        path::{Extent, Target, normal_spelling, unreachable},
    },
    policy::{
        Case, HeaderCondition, HeaderMatch, PathMatch, PathPolicy, PathText, Pattern,
        QueryCondition, QueryMatch, RouteMatch, StringMatch, authority::AuthorityMatch,
    },
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
        headers: each(raw.headers.as_deref(), |raw| header(raw, policy)).at("headers")?,
        query_parameters: each(raw.query_parameters.as_deref(), query_parameter)
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

fn header(raw: &RawHeaderMatcher, policy: PathPolicy) -> Result<HeaderMatch, ConfigError> {
    let name = matched_header(&raw.name).at("name")?;
    let condition = one_or_none([
        (
            "string_match",
            raw.string_match.as_ref().map(WrittenCondition::Matcher),
        ),
        (
            "exact_match",
            raw.exact_match
                .as_deref()
                .map(|text| WrittenCondition::Text(Written::Exact(text))),
        ),
        (
            "prefix_match",
            raw.prefix_match
                .as_deref()
                .map(|text| WrittenCondition::Text(Written::Prefix(text))),
        ),
        (
            "suffix_match",
            raw.suffix_match
                .as_deref()
                .map(|text| WrittenCondition::Text(Written::Suffix(text))),
        ),
        (
            "contains_match",
            raw.contains_match
                .as_deref()
                .map(|text| WrittenCondition::Text(Written::Contains(text))),
        ),
        (
            "safe_regex_match",
            raw.safe_regex_match
                .as_ref()
                .map(|raw| WrittenCondition::Text(Written::Regex(raw))),
        ),
        (
            "range_match",
            raw.range_match.as_ref().map(WrittenCondition::Range),
        ),
        (
            "present_match",
            raw.present_match.map(WrittenCondition::Present),
        ),
    ])?;
    let condition = match condition {
        Some((field, written)) => written
            .condition()
            .and_then(|condition| normal(&name, condition, policy))
            .at(field)?,
        None => HeaderCondition::Present, // as in Envoy
    };
    Ok(HeaderMatch {
        name,
        condition,
        inverted: raw.invert_match.unwrap_or(false),
        missing_is_empty: raw.treat_missing_header_as_empty.unwrap_or(false),
    })
}

#[derive(Clone, Copy)]
enum WrittenCondition<'a> {
    Matcher(&'a RawStringMatcher),
    Present(bool),
    Range(&'a RawRange),
    Text(Written<'a>),
}

impl WrittenCondition<'_> {
    fn condition(self) -> Result<HeaderCondition, ConfigError> {
        Ok(match self {
            Self::Matcher(raw) => HeaderCondition::Text(string_match(raw)?),
            Self::Present(true) => HeaderCondition::Present,
            Self::Present(false) => HeaderCondition::Absent,
            Self::Range(raw) => {
                let start = raw.start.unwrap_or_default().0;
                let end = raw.end.unwrap_or_default().0;
                if start >= end {
                    return Err(Fault::EmptyRange.into());
                }
                HeaderCondition::Range { start, end }
            }
            // An empty string is rejected, because it is ambiguous. In Envoy, an empty
            // `exact_match` requires that the header is present, but an empty `exact` in
            // `string_match` requires that the header's value is empty.
            Self::Text(Written::Exact("")) => {
                return Err(Fault::Empty.into());
            }
            Self::Text(written) => HeaderCondition::Text(StringMatch::new(written.pattern()?)),
        })
    }
}

/// Prepares a condition on the authority or the path. A request may spell an authority or a path in
/// several ways. So a condition on the authority is compared with the authority's normal form too,
/// and a condition on the path is rejected if its text is not in the normal spelling.
fn normal(
    name: &str,
    condition: HeaderCondition,
    policy: PathPolicy,
) -> Result<HeaderCondition, ConfigError> {
    let written = match (policy, condition) {
        (PathPolicy::Reject, HeaderCondition::Text(written)) => written,
        (_, other) => return Ok(other),
    };
    match (name, written.pattern()) {
        (":authority", _) => match AuthorityMatch::new(written) {
            Ok(condition) => Ok(HeaderCondition::Authority(condition)),
            Err(error) => Err(bad_regex(&error).into()),
        },
        (
            ":path",
            Pattern::Contains(text)
            | Pattern::Exact(text)
            | Pattern::Prefix(text)
            | Pattern::Suffix(text),
        ) => match normal_spelling(Target::new(text).path) {
            Cow::Borrowed(_) => Ok(HeaderCondition::Text(written)),
            // The hexadecimal digits of encoded octets are capitals in the normal spelling, but
            // `ignore_case` has converted the whole text to lower case. So a text that differs from
            // its normal spelling only in case is accepted.
            Cow::Owned(spelling)
                if written.ignores_case()
                    && spelling.eq_ignore_ascii_case(Target::new(text).path) =>
            {
                Ok(HeaderCondition::Text(written))
            }
            Cow::Owned(spelling) => Err(Fault::OtherSpelling { spelling }.into()),
        },
        _ => Ok(HeaderCondition::Text(written)),
    }
}

/// Converts a header name in the configuration to the name that Envoy uses in requests.
fn matched_header(name: &str) -> Result<String, Fault> {
    let bare = name.strip_prefix(':').unwrap_or(name);
    let parsed = HeaderName::parse(bare).map_err(Fault::HeaderName)?;
    if bare.len() != name.len() {
        return Ok(format!(":{parsed}"));
    }
    // Envoy converts the header `host` to `:authority` in every HTTP version.
    Ok(if parsed.as_str() == "host" {
        ":authority".to_owned()
    } else {
        parsed.to_string()
    })
}

fn query_parameter(raw: &RawQueryMatcher) -> Result<QueryMatch, ConfigError> {
    if raw.name.is_empty() {
        return Err(Fault::Empty).at("name");
    }
    let condition = one_or_none([
        (
            "string_match",
            raw.string_match.as_ref().map(WrittenCondition::Matcher),
        ),
        (
            "present_match",
            raw.present_match.map(WrittenCondition::Present),
        ),
    ])?;
    let condition = match condition {
        Some((field, WrittenCondition::Matcher(raw))) => {
            QueryCondition::Text(string_match(raw).at(field)?)
        }
        Some((_, WrittenCondition::Present(false))) => QueryCondition::Absent,
        _ => QueryCondition::Present, // as in Envoy
    };
    Ok(QueryMatch {
        name: raw.name.clone(),
        condition,
    })
}

fn each<R, T>(
    raw: Option<&[R]>,
    parse: impl Fn(&R) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    let raw = raw.unwrap_or_default().iter().enumerate();
    raw.map(|(index, raw)| parse(raw).at_index(index)).collect()
}
