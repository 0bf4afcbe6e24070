//! Parses strings with a special syntax, such as realms, metric prefixes and patterns.

use regex_lite::Regex;

use super::list::exactly_one;
use crate::{
    config::{
        ConfigError, Fault,
        error::At,
        raw::{RawRegex, RawSecret, RawStringMatcher},
    },
    jose::{SecretKey, base64url},
    policy::{Pattern, StringMatch, full_match},
};

/// The maximum length of `realm` and `stat_prefix`, in characters.
const MAX_NAME: usize = 64;

/// The maximum length of `description`, in characters.
const MAX_DESCRIPTION: usize = 256;

/// The maximum length of `policy_id` and `metadata_namespace`, in characters.
const MAX_IDENTIFIER: usize = 128;

/// The maximum length of a regular expression, in characters.
const MAX_REGEX: usize = 4096;

/// Returns `text`, or an error if the text has more than `max` characters.
pub(super) fn at_most(max: usize, text: &str) -> Result<&str, Fault> {
    if text.chars().nth(max).is_some() {
        Err(Fault::TooLong { max })
    } else {
        Ok(text)
    }
}

/// Parses `description`. Returns an empty string if the field is absent.
#[inline(never)]
pub(super) fn description(written: Option<&str>) -> Result<String, ConfigError> {
    let text = at_most(MAX_DESCRIPTION, written.unwrap_or_default());
    Ok(text.at("description")?.to_owned())
}

/// Parses `realm`. Challenges contain the realm in a quoted string (RFC 9110 §5.6.4). Clients
/// interpret escapes in quoted strings in different ways, so the realm must not need escapes.
pub(super) fn realm(text: &str) -> Result<String, Fault> {
    let is_quotable = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    if !text.bytes().all(is_quotable) {
        let expected = "printable ASCII characters other than quotes and backslashes";
        return Err(Fault::wrong_form(expected, text));
    }
    at_most(MAX_NAME, text).map(str::to_owned)
}

/// Parses `shared_memory_key`. The value is a secret, so the error does not quote it.
pub(super) fn shared_memory_key(written: &RawSecret) -> Result<SecretKey, Fault> {
    base64url::decode(&written.0)
        .and_then(|octets| SecretKey::new(&octets).ok())
        .ok_or(Fault::SharedMemoryKey)
}

/// Parses `policy_id` or `metadata_namespace`, which may contain any characters.
#[inline(never)]
pub(super) fn identifier(
    field: &str,
    written: Option<&str>,
) -> Result<Option<String>, ConfigError> {
    match written {
        None => Ok(None),
        Some("") => Err(Fault::Empty).at(field),
        Some(text) => Ok(Some(at_most(MAX_IDENTIFIER, text).at(field)?.to_owned())),
    }
}

/// Parses `stat_prefix`, a part of each metric's name.
pub(super) fn stat_prefix(text: &str) -> Result<String, Fault> {
    // Remove a trailing dot, because operators often write Envoy's own prefixes with a trailing
    // dot.
    let trimmed = text.trim_end_matches('.');
    if !trimmed
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    {
        let expected = "letters, digits, \"_\", \".\" and \"-\"";
        return Err(Fault::wrong_form(expected, text));
    }
    at_most(MAX_NAME, trimmed).map(str::to_owned)
}

/// Returns true if a scope may contain this character (RFC 6749 §3.3). Challenges contain scopes in
/// a quoted string, so quotes and backslashes are not allowed.
pub(super) const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

/// Compiles a regular expression that must match a whole string.
pub(super) fn regex(raw: &RawRegex) -> Result<Regex, ConfigError> {
    let expression = at_most(MAX_REGEX, &raw.regex).at("regex")?;
    if expression.is_empty() {
        return Err(Fault::Empty).at("regex");
    }
    if means_otherwise_in_re2(expression) {
        let fault = r"\<, \> and \b{ have a different meaning in Envoy".to_owned();
        return Err(Fault::BadRegex { fault }).at("regex");
    }
    full_match(expression)
        .map_err(|error| bad_regex(&error))
        .at("regex")
}

/// Returns the fault for a regular expression that does not compile.
pub(super) fn bad_regex(error: &regex_lite::Error) -> Fault {
    let fault = error.to_string();
    Fault::BadRegex { fault }
}

/// Returns true if an expression contains an escape that Portcullis and RE2, Envoy's regular
/// expression engine, interpret in different ways. Such an expression is rejected. Otherwise a rule
/// that is copied from Envoy's configuration could protect less than it does in Envoy.
fn means_otherwise_in_re2(expression: &str) -> bool {
    let mut rest = expression;
    while let Some((_, escape)) = rest.split_once('\\') {
        if ["<", ">", "b{"].iter().any(|odd| escape.starts_with(odd)) {
            return true;
        }
        let mut characters = escape.chars();
        characters.next();
        rest = characters.as_str();
    }
    false
}

/// Parses Envoy's `StringMatcher`.
pub(super) fn string_match(raw: &RawStringMatcher) -> Result<StringMatch, ConfigError> {
    let (field, written) = exactly_one([
        ("exact", raw.exact.as_deref().map(Written::Exact)),
        ("prefix", raw.prefix.as_deref().map(Written::Prefix)),
        ("suffix", raw.suffix.as_deref().map(Written::Suffix)),
        ("contains", raw.contains.as_deref().map(Written::Contains)),
        ("safe_regex", raw.safe_regex.as_ref().map(Written::Regex)),
    ])?;
    let pattern = written.pattern().at(field)?;
    Ok(if raw.ignore_case == Some(true) {
        StringMatch::ignoring_case(pattern)
    } else {
        StringMatch::new(pattern)
    })
}

/// The raw value of a pattern.
#[derive(Clone, Copy)]
pub(super) enum Written<'a> {
    /// The value of `contains`.
    Contains(&'a str),
    /// The value of `exact`.
    Exact(&'a str),
    /// The value of `prefix`.
    Prefix(&'a str),
    /// The value of `safe_regex`.
    Regex(&'a RawRegex),
    /// The value of `suffix`.
    Suffix(&'a str),
}

impl Written<'_> {
    /// Parses the pattern. An empty prefix, suffix or substring is rejected, because it would match
    /// every string.
    pub(super) fn pattern(self) -> Result<Pattern, ConfigError> {
        match self {
            Self::Contains(text) | Self::Prefix(text) | Self::Suffix(text) if text.is_empty() => {
                Err(Fault::Empty.into())
            }
            Self::Contains(text) => Ok(Pattern::Contains(text.to_owned())),
            Self::Exact(text) => Ok(Pattern::Exact(text.to_owned())),
            Self::Prefix(text) => Ok(Pattern::Prefix(text.to_owned())),
            Self::Regex(raw) => regex(raw).map(Pattern::Regex),
            Self::Suffix(text) => Ok(Pattern::Suffix(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::means_otherwise_in_re2;

    #[test]
    fn finds_escapes_that_re2_reads_differently() {
        for expression in [r"\<", r"a\>", r"\b{start}", r"\\\<", r"\d\<"] {
            assert!(means_otherwise_in_re2(expression), "{expression}");
        }
        for expression in ["", "<", r"\\<", r"\b", r"\d<", r"\d{2}", "\\"] {
            assert!(!means_otherwise_in_re2(expression), "{expression}");
        }
    }
}
