//! Parses the conditions of a rule on headers and query parameters.

use std::borrow::Cow;

use super::{
    list::one_or_none,
    text::{Written, bad_regex, string_match},
};
use crate::{
    config::{
        ConfigError, Fault,
        error::At,
        raw::{RawHeaderMatcher, RawQueryMatcher, RawRange, RawStringMatcher},
    },
    http::{
        HeaderName,
        path::{Target, normal_spelling},
    },
    policy::{
        HeaderCondition, HeaderMatch, PathPolicy, Pattern, QueryCondition, QueryMatch, StringMatch,
        authority::AuthorityMatch,
    },
};

/// Parses an entry of `headers`.
pub(super) fn header(
    raw: &RawHeaderMatcher,
    policy: PathPolicy,
) -> Result<HeaderMatch, ConfigError> {
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

/// Parses an entry of `query_parameters`.
pub(super) fn query_parameter(raw: &RawQueryMatcher) -> Result<QueryMatch, ConfigError> {
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
