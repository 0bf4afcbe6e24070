//! Checks the paths that operators write in rules.

use core::fmt;

use super::{
    ambiguity::{Ambiguity, Extent, refuse},
    spelling::{Octet, normal_spelling, octets},
};

/// Why a rule's path can never match a request. Such a rule would have no effect, and its author
/// would not notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The path is ambiguous, so `path_policy: reject` refuses every request that the rule could
    /// match.
    Refused(Ambiguity),
    /// The path has a space or a control character. In requests, such characters are always
    /// encoded.
    Control,
    /// The path has a `%` without two hexadecimal digits after it.
    Percent,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(ambiguity) => write!(formatter, "{ambiguity}"),
            Self::Control => formatter.write_str("a space or control character"),
            Self::Percent => {
                formatter.write_str("a % that is not followed by two hexadecimal digits")
            }
        }
    }
}

/// Returns the reason why a rule for `path` can never match a request, or `None` if the rule can
/// match. If `extent` is [`Extent::Start`], `path` is a prefix.
#[must_use]
pub fn unreachable(path: &str, extent: Extent) -> Option<Unreachable> {
    if path.bytes().any(|octet| octet <= b' ' || octet == 0x7f) {
        return Some(Unreachable::Control);
    }
    if path.contains('#') {
        return Some(Unreachable::Refused(Ambiguity::Fragment));
    }
    let normal = normal_spelling(path);
    if let Err(ambiguity) = refuse(&normal, extent) {
        return Some(Unreachable::Refused(ambiguity));
    }
    let is_stray = octets(path).into_iter().any(Octet::is_stray_percent);
    is_stray.then_some(Unreachable::Percent)
}
