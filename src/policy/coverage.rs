//! Checks whether a rule matches every request that another rule matches.
//!
//! A `true` result is proven. A `false` result only means that the proof failed: the rule may still
//! match all these requests.

use crate::policy::{Case, PathMatch, RouteMatch, mcp::McpMatch};

impl RouteMatch {
    /// Returns true if this rule certainly matches every request that `other` matches. The HTTP
    /// methods of the two rules are not compared; the caller compares them.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let comparable = self.case == Case::Ignored || other.case == Case::Sensitive;
        self.headers.is_empty()
            && self.query_parameters.is_empty()
            && self.covers_calls(other)
            && match (&self.path, &other.path) {
                (PathMatch::Connect, PathMatch::Connect) => true,
                (PathMatch::Regex(own), PathMatch::Regex(other)) => own.as_str() == other.as_str(),
                (PathMatch::Regex(own), PathMatch::Exact(path)) => {
                    other.case == Case::Sensitive && own.is_match(path.spelling())
                }
                (PathMatch::Prefix(own), path) if own.spelling().is_empty() => {
                    !matches!(path, PathMatch::Connect)
                }
                (own, path) => self.path_covers(own, path, comparable),
            }
    }

    /// Returns true if this rule's condition on MCP calls matches every call that `other` matches.
    fn covers_calls(&self, other: &Self) -> bool {
        match (&self.mcp, &other.mcp) {
            (None, _) => true,
            (Some(own), Some(other)) => own == other || *own == McpMatch::default(),
            (Some(_), None) => false,
        }
    }

    /// Returns true if the path condition `own` covers `other`. `comparable` is false if this rule
    /// is case-sensitive but the other rule ignores case. In this case, `own` can cover `other`
    /// only if the path in `own` has no letters.
    fn path_covers(&self, own: &PathMatch, other: &PathMatch, comparable: bool) -> bool {
        let (Some(text), Some(path)) = (own.text(), other.text()) else {
            return false;
        };
        let (text, path) = (text.spelling(), path.spelling());
        if !comparable && text.bytes().any(|octet| octet.is_ascii_alphabetic()) {
            return false;
        }
        let Some(rest) = self.behind(text, path) else {
            return false;
        };
        match (own, other) {
            (PathMatch::Exact(_), PathMatch::Exact(_)) => rest.is_empty(),
            (PathMatch::Exact(_), _) => false,
            // The prefix `/api` also matches `/apis`, but the segment prefix `/api` does not match
            // `/apis`.
            (PathMatch::SegmentPrefix(_), PathMatch::Prefix(_)) => rest.starts_with('/'),
            (PathMatch::SegmentPrefix(_), _) => rest.is_empty() || rest.starts_with('/'),
            _ => true,
        }
    }

    /// Returns the part of `path` after `start`, or `None` if `path` does not begin with `start`.
    fn behind<'a>(&self, start: &str, path: &'a str) -> Option<&'a str> {
        path.get(start.len()..)
            .filter(|_| self.case.starts_with(path, start))
    }
}
