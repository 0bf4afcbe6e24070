//! Finds MCP endpoints and protected resources that a client can reach with another spelling of
//! the path.
//!
//! Many servers treat `/mcp/` and `/MCP` like `/mcp`. If no rule with `mcp` matches such a
//! spelling, a wider rule may match it. Then every tool is open to all tokens that the wider rule
//! accepts.

use regex_lite::Regex;

use crate::{
    config::{Config, ConfigPath, Warning, echo::cut},
    policy::{Case, HeaderMatch, PathMatch, ProtectedResource, RouteMatch, Unmatched},
};

/// Returns a warning if a client can avoid this rule by writing the path in another spelling. Then
/// either a rule that has no `mcp` decides on the call, or no rule matches and `unmatched: allow`
/// lets the call pass. If several rules have the same path, the same hosts and the same
/// `case_sensitive`, only the first of them gets the warning.
pub(super) fn evaded(config: &Config, place: usize, route: &RouteMatch) -> Option<String> {
    let path = endpoint(route)?;
    let is_alike = |other: &RouteMatch| {
        endpoint(other) == Some(path) && other.case == route.case && hosts(other).eq(hosts(route))
    };
    let mut earlier = config.rules.iter().take(place);
    if earlier.any(|rule| is_alike(&rule.route)) {
        return None;
    }
    if let PathMatch::Regex(regex) = &route.path {
        return evaded_expression(config, regex);
    }
    for spelling in spellings(path, route) {
        let call = at(&spelling);
        let is_guarded = |other: &RouteMatch| {
            other.mcp.is_some()
                && hosts(other).all(|host| route.headers.contains(host))
                && without_call(other).covers(&call)
        };
        if config.rules.iter().any(|rule| is_guarded(&rule.route)) {
            continue;
        }
        let decides = |other: &RouteMatch| {
            other.takes("POST") && without_hosts_of(route, other).covers(&call)
        };
        let taker = config.rules.iter().position(|rule| decides(&rule.route));
        let Some(effect) = effect(config, taker) else {
            continue;
        };
        return Some(format!(
            "many servers treat \"{}\" like this path, but {effect} requests with that spelling; \
             use \"path_separated_prefix\" and \"case_sensitive\": false",
            cut(&spelling)
        ));
    }
    None
}

/// Returns a warning if the path of a rule with `mcp` is a regular expression, and another rule or
/// `unmatched: allow` could decide on other spellings of the path. It is not possible to derive
/// these spellings from the expression.
fn evaded_expression(config: &Config, regex: &Regex) -> Option<String> {
    let may_decide = |route: &RouteMatch| {
        let is_wide = match &route.path {
            PathMatch::Connect => false,
            PathMatch::Exact(path) => is_other_spelling(path.spelling(), regex),
            PathMatch::Prefix(_) | PathMatch::Regex(_) | PathMatch::SegmentPrefix(_) => true,
        };
        is_wide && route.mcp.is_none() && route.takes("POST")
    };
    let taker = config.rules.iter().position(|rule| may_decide(&rule.route));
    let effect = effect(config, taker)?;
    Some(format!(
        "because this path is a regular expression, its other spellings cannot be checked; make \
         sure that the expression also matches the path with a final / and in another letter case; \
         otherwise, {effect} requests with these spellings"
    ))
}

/// Returns true if the expression does not match `path`, but matches another spelling of it: with a
/// final slash added or removed, or in another letter case.
fn is_other_spelling(path: &str, regex: &Regex) -> bool {
    let bare = path.strip_suffix('/').unwrap_or(path);
    let spellings = [bare.to_owned(), format!("{bare}/")];
    let matches = |spelling: &String| {
        regex.is_match(spelling)
            || regex.is_match(&spelling.to_ascii_lowercase())
            || regex.is_match(&spelling.to_ascii_uppercase())
    };
    !regex.is_match(path) && spellings.iter().any(matches)
}

/// Returns warnings about protected resources that a client can reach by writing the path in
/// another letter case. Such requests do not belong to the resource, so the resource's checks of
/// the audience and the origin do not apply to them.
pub(super) fn evaded_resources(config: &Config) -> impl Iterator<Item = Warning> {
    let resources = config.protected_resources.iter();
    let exact = resources.filter(|own| own.case == Case::Sensitive);
    exact.filter_map(|own| {
        let path = own.url.path();
        let spelling = in_other_case(path);
        let is_own = |other: &ProtectedResource| {
            other.url.shares_host(&own.url) && other.url.path() == spelling
        };
        if spelling == path || config.protected_resources.iter().any(is_own) {
            return None;
        }
        let call = at(&spelling);
        let decides = |route: &RouteMatch| {
            own.url.can_have_authority(route) && without_hosts(route).covers(&call)
        };
        let taker = config.rules.iter().position(|rule| decides(&rule.route));
        let effect = effect(config, taker)?;
        Some(Warning {
            location: ConfigPath::of_members(&["protected_resources"]),
            text: format!(
                "many servers treat \"{}\" like the path of \"{}\", but {effect} requests with \
                 that spelling, without the checks of the resource; set \"case_sensitive\": \
                 false in a rule for the resource's path",
                cut(&spelling),
                cut(own.url.identifier())
            ),
        })
    })
}

/// Says what decides on requests, as part of a warning. `taker` is the index of the first rule that
/// matches the requests, if there is one. Returns `None` if no rule matches and the configuration
/// refuses unmatched requests.
fn effect(config: &Config, taker: Option<usize>) -> Option<String> {
    match taker {
        Some(taker) => Some(format!("rules[{taker}] decides on")),
        None if config.unmatched == Unmatched::Allow => Some("no rule matches".to_owned()),
        None => None,
    }
}

/// The path or the regular expression of a rule with `mcp`.
fn endpoint(route: &RouteMatch) -> Option<&str> {
    route.mcp.as_ref()?;
    match &route.path {
        PathMatch::Exact(path) | PathMatch::Prefix(path) | PathMatch::SegmentPrefix(path) => {
            Some(path.spelling())
        }
        PathMatch::Regex(regex) => Some(regex.as_str()),
        PathMatch::Connect => None,
    }
}

/// The rule's conditions on the host.
fn hosts(route: &RouteMatch) -> impl Iterator<Item = &HeaderMatch> {
    route.headers.iter().filter(|header| header.is_about_host())
}

/// Returns other spellings of the path that the rule does not match: with a final slash added or
/// removed, and in another letter case. For a `path_separated_prefix`, the result also has the
/// other-case path with a final slash. It stands for the paths below the other-case path, which a
/// rule for exactly the other-case path does not match.
fn spellings(path: &str, route: &RouteMatch) -> Vec<String> {
    let mut found = Vec::new();
    match (&route.path, path.strip_suffix('/')) {
        (PathMatch::Exact(_) | PathMatch::Prefix(_), Some(shorter)) => {
            found.push(shorter.to_owned());
        }
        (PathMatch::Exact(_), None) => found.push(format!("{path}/")),
        _ => {}
    }
    if route.case == Case::Sensitive {
        let other = in_other_case(path);
        if matches!(route.path, PathMatch::SegmentPrefix(_)) {
            found.extend([other.clone(), format!("{other}/")]);
        } else {
            found.push(other);
        }
    }
    found.retain(|spelling| spelling != path && spelling.starts_with('/'));
    found
}

/// The path in upper case, or in lower case if it has no lower-case letters.
fn in_other_case(path: &str) -> String {
    let upper = path.to_ascii_uppercase();
    match upper == path {
        true => path.to_ascii_lowercase(),
        false => upper,
    }
}

/// Returns a condition that matches the requests for exactly this path.
fn at(path: &str) -> RouteMatch {
    RouteMatch {
        path: PathMatch::Exact(path.to_owned().into()),
        case: Case::Sensitive,
        methods: Vec::new(),
        headers: Vec::new(),
        query_parameters: Vec::new(),
        mcp: None,
    }
}

/// Returns the conditions of `other`, except the conditions on the host that `route` has too. Every
/// request to the hosts of `route` satisfies the removed conditions.
fn without_hosts_of(route: &RouteMatch, other: &RouteMatch) -> RouteMatch {
    let mut other = other.clone();
    other
        .headers
        .retain(|header| !header.is_about_host() || !route.headers.contains(header));
    other
}

/// Returns the rule's conditions, except those on the host.
fn without_hosts(route: &RouteMatch) -> RouteMatch {
    let mut route = route.clone();
    route.headers.retain(|header| !header.is_about_host());
    route
}

/// Returns the rule's conditions, except those on headers, on query parameters and on the MCP call.
/// If such a condition of a rule with `mcp` fails, the rule still keeps other rules from deciding
/// on calls at its path. The only exceptions are conditions on the host, which the caller compares.
fn without_call(route: &RouteMatch) -> RouteMatch {
    RouteMatch {
        headers: Vec::new(),
        query_parameters: Vec::new(),
        mcp: None,
        ..route.clone()
    }
}
