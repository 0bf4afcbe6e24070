//! Compares the path of a request with a path of the configuration.

use core::fmt;
use std::borrow::Cow;

use regex_lite::Regex;

use crate::http::{Request, path::normal_spelling};

/// A condition on the path.
#[derive(Clone, Debug)]
pub enum PathMatch {
    /// A CONNECT request (`connect_matcher`).
    Connect,
    /// A path that equals this text (`path`).
    Exact(PathText),
    /// A path that begins with this text (`prefix`). For example, the prefix `/api` also matches
    /// `/apis`.
    Prefix(PathText),
    /// A path that this regular expression matches as a whole (`safe_regex`). Matching takes linear
    /// time.
    Regex(Regex),
    /// A path that begins with these whole segments (`path_separated_prefix`). The text has no
    /// trailing `/`. For example, `/api` matches `/api/x` but not `/apis`.
    SegmentPrefix(PathText),
}

impl PathMatch {
    /// Returns true if a request with this path satisfies the condition. `path` is `None` for a
    /// CONNECT request without a path.
    pub(super) fn matches(&self, request: &Request<'_>, path: Option<&str>, case: Case) -> bool {
        match (self, path) {
            (Self::Connect, _) => request.method() == "CONNECT",
            (_, None) => false,
            (Self::Regex(regex), Some(path)) => regex.is_match(path),
            (Self::Exact(own) | Self::Prefix(own) | Self::SegmentPrefix(own), Some(path))
                if case == Case::Sensitive && own.excludes(path) =>
            {
                false
            }
            (Self::Exact(own), Some(path)) => own.matches_in_any_spelling(|own| {
                own.len() == path.len() && case.starts_with(path, own)
            }),
            (Self::Prefix(own), Some(path)) => {
                own.matches_in_any_spelling(|own| case.starts_with(path, own))
            }
            (Self::SegmentPrefix(own), Some(path)) => {
                own.matches_in_any_spelling(|own| case.continues(path, own))
            }
        }
    }

    /// The text that the path is compared with. `None` if there is no such text.
    pub(super) const fn text(&self) -> Option<&PathText> {
        match self {
            Self::Exact(text) | Self::Prefix(text) | Self::SegmentPrefix(text) => Some(text),
            Self::Connect | Self::Regex(_) => None,
        }
    }
}

/// A path in the operator's configuration.
#[derive(Clone)]
pub struct PathText {
    written: String,
    /// The normal spelling of the path. `None` if `written` is already normal, or if the path
    /// matches only as written. For example, a rule for `/café` or `/caf%c3%a9` also matches
    /// `/caf%C3%A9`.
    normal: Option<String>,
    /// The position and value of the path's last octet that is not a slash. `None` if the path has
    /// two spellings. Most requests for other paths differ in this octet, so this octet is compared
    /// first.
    mark: Option<(usize, u8)>,
}

impl From<String> for PathText {
    /// Makes a path that requests may spell as written or in its normal spelling.
    fn from(written: String) -> Self {
        let normal = match normal_spelling(&written) {
            Cow::Borrowed(_) => None,
            Cow::Owned(normal) => Some(normal),
        };
        Self {
            mark: match normal {
                None => mark(&written),
                Some(_) => None,
            },
            written,
            normal,
        }
    }
}

impl fmt::Debug for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.written, f)
    }
}

impl PathText {
    /// Makes a path that requests must spell exactly as written.
    #[must_use]
    pub fn verbatim(written: String) -> Self {
        Self {
            mark: mark(&written),
            written,
            normal: None,
        }
    }

    /// The normal spelling, or the written spelling if requests must spell the path as written.
    #[must_use]
    pub fn spelling(&self) -> &str {
        self.normal.as_deref().unwrap_or(&self.written)
    }

    /// All spellings in which a request's path matches this path.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &str> {
        core::iter::once(&*self.written).chain(self.normal.as_deref())
    }

    pub(super) fn matches_in_any_spelling(&self, matches: impl Fn(&str) -> bool) -> bool {
        matches(&self.written) || self.normal.as_deref().is_some_and(matches)
    }

    /// Returns true if a quick check shows that `path`, the path of a request, does not begin with
    /// the configured path. The check is case-sensitive.
    #[inline(always)]
    fn excludes(&self, path: &str) -> bool {
        match self.mark {
            Some((place, octet)) => path.as_bytes().get(place) != Some(&octet),
            None => false,
        }
    }
}

fn mark(path: &str) -> Option<(usize, u8)> {
    path.bytes().enumerate().rfind(|(_, octet)| *octet != b'/')
}

/// Whether the case of letters matters when paths are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `/API` differs from `/api`.
    Sensitive,
    /// `/API` equals `/api`. Only ASCII letters are compared without case.
    Ignored,
}

impl Case {
    /// Returns true if `path` begins with `start`.
    pub(super) fn starts_with(self, path: &str, start: &str) -> bool {
        path.as_bytes()
            .get(..start.len())
            .is_some_and(|head| match self {
                Self::Sensitive => head == start.as_bytes(),
                Self::Ignored => head.eq_ignore_ascii_case(start.as_bytes()),
            })
    }

    /// Returns true if `path` equals `start`, or if it begins with `start` and a new segment
    /// follows.
    pub(super) fn continues(self, path: &str, start: &str) -> bool {
        self.starts_with(path, start)
            && (matches!(path.as_bytes().get(start.len()), None | Some(b'/'))
                || start.ends_with('/'))
    }
}
