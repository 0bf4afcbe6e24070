//! Finds the first rule that matches a request.

use crate::{
    config::Config,
    decision::Reason,
    http::{Request, path::Target},
    policy::{RouteMatch, Rule, Unclear, mcp::McpCall},
};

/// The index of a rule, and the rule.
pub(super) type Placed<'c> = (usize, &'c Rule);

/// Returns the first rule that matches the request, or an error if it is unclear whether a rule
/// matches. The function is not inlined, because a copy for each caller would add a kilobyte to the
/// WebAssembly module.
#[inline(never)]
pub(super) fn first_match<'c>(
    config: &'c Config,
    request: &Request<'_>,
    target: Option<Target<'_>>,
    call: Option<&McpCall<'_>>,
) -> Result<Option<Placed<'c>>, Reason> {
    for (place, rule) in (config.rules).candidates(target.map(|target| target.path)) {
        if matches(config, &rule.route, request, target, call)? {
            return Ok(Some((place, rule)));
        }
    }
    Ok(None)
}

/// Returns true if the conditions of a rule hold for the request. Returns an error if it is unclear
/// whether they hold, or if the check would take too long.
pub(super) fn matches(
    config: &Config,
    route: &RouteMatch,
    request: &Request<'_>,
    target: Option<Target<'_>>,
    call: Option<&McpCall<'_>>,
) -> Result<bool, Reason> {
    Ok(route.matches(request, target, call, config.comparison())?)
}

impl From<Unclear> for Reason {
    fn from(unclear: Unclear) -> Self {
        match unclear {
            Unclear::Authority => Self::AmbiguousAuthority,
            Unclear::Header => Self::AmbiguousHeader,
            Unclear::LongHeader => Self::HeaderTooLong,
            Unclear::LongTarget => Self::PathTooLong,
            Unclear::Method => Self::AmbiguousMethod,
            // The reason `AmbiguousPath` is also used for an ambiguous query.
            Unclear::Parameter => Self::AmbiguousPath,
        }
    }
}
