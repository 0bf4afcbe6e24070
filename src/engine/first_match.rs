//! Finds the first rule that matches a request.

use crate::{
    config::Config,
    decision::Reason,
    http::{Request, path::Target},
    policy::{RouteMatch, Rule, RuleId, Unclear, mcp::McpCall},
};

/// A rule that matches a request, or at least the request's path and host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matched<'c> {
    pub(super) id: RuleId,
    pub(super) rule: &'c Rule,
}

impl PartialEq for Matched<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Returns the first rule that matches the request, or an error if it is unclear whether a rule
/// matches. The function is not inlined, because a copy for each caller would add a kilobyte to the
/// WebAssembly module.
#[inline(never)]
pub(super) fn first_match<'c>(
    config: &'c Config,
    request: &Request<'_>,
    target: Option<Target<'_>>,
    call: Option<&McpCall<'_>>,
) -> Result<Option<Matched<'c>>, Reason> {
    for (id, rule) in (config.rules).candidates(target.map(|target| target.path)) {
        if matches(config, &rule.route, request, target, call)? {
            return Ok(Some(Matched { id, rule }));
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
