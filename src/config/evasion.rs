//! Finds MCP endpoints that a client can reach by another spelling of the path.
//!
//! Many servers treat `/mcp/` and `/MCP` like `/mcp`. If no rule with `mcp` matches such a
//! spelling, a wider rule decides, and every tool is open to all tokens that the wider rule
//! accepts.

use super::{Config, echo::cut};
use crate::policy::{PathMatch, RouteMatch, Unmatched};

/// Returns a warning if a call to another spelling of this rule's path is decided by a rule without
/// `mcp` or by `unmatched: allow`. If several rules have the same path, only the first one gets the
/// warning.
pub(super) fn evaded(config: &Config, place: usize, route: &RouteMatch) -> Option<String> {
    let path = endpoint(route)?;
    let earlier = config.rules.iter().take(place);
    if earlier
        .filter_map(|rule| endpoint(&rule.route))
        .any(|other| other == path)
    {
        return None;
    }
    for spelling in spellings(path, route) {
        let call = at(&spelling);
        let is_guarded =
            |route: &RouteMatch| route.mcp.is_some() && without_call(route).covers(&call);
        if config.rules.iter().any(|rule| is_guarded(&rule.route)) {
            continue;
        }
        let decides = |route: &RouteMatch| route.takes("POST") && route.covers(&call);
        let effect = match config.rules.iter().position(|rule| decides(&rule.route)) {
            Some(taker) => format!("rules[{taker}] decides"),
            None if config.unmatched == Unmatched::Allow => "no rule matches".to_owned(),
            None => continue,
        };
        return Some(format!(
            "many servers read \"{}\" as this path, and {effect} there; write \
             \"path_separated_prefix\", and \"case_sensitive\": false",
            cut(&spelling)
        ));
    }
    None
}

/// The path of a rule with `mcp`.
fn endpoint(route: &RouteMatch) -> Option<&str> {
    match &route.path {
        PathMatch::Exact(path) | PathMatch::Prefix(path) | PathMatch::SegmentPrefix(path)
            if route.mcp.is_some() =>
        {
            Some(path.spelling())
        }
        _ => None,
    }
}

/// Other spellings of the path, which the rule does not match: with a final slash added or removed,
/// and in another case.
fn spellings(path: &str, route: &RouteMatch) -> Vec<String> {
    let mut found = Vec::new();
    if matches!(route.path, PathMatch::Exact(_)) {
        found.push(match path.strip_suffix('/') {
            Some(shorter) => shorter.to_owned(),
            None => format!("{path}/"),
        });
    }
    let upper = path.to_ascii_uppercase();
    if route.case_sensitive {
        found.push(match upper == path {
            true => path.to_ascii_lowercase(),
            false => upper,
        });
    }
    found.retain(|spelling| spelling != path && spelling.starts_with('/'));
    found
}

/// Returns a condition that matches the requests for exactly this path.
fn at(path: &str) -> RouteMatch {
    RouteMatch {
        path: PathMatch::Exact(path.to_owned().into()),
        case_sensitive: true,
        methods: Vec::new(),
        headers: Vec::new(),
        query_parameters: Vec::new(),
        mcp: None,
    }
}

/// Returns the conditions without those on headers, query parameters and the call. Even if the
/// removed conditions fail (except one on the host), a rule with `mcp` keeps other rules from
/// deciding on calls at its path.
fn without_call(route: &RouteMatch) -> RouteMatch {
    RouteMatch {
        headers: Vec::new(),
        query_parameters: Vec::new(),
        mcp: None,
        ..route.clone()
    }
}
