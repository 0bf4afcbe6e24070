//! Finds the first rule that matches a request.

use crate::{
    config::Config,
    decision::Reason,
    engine::mcp::Placed,
    http::{Request, path::Target},
    policy::{RuleIndex, Unclear, mcp::McpCall},
};

/// Returns the first rule that matches the request, or an error if it is unclear whether a rule
/// matches. The function is not inlined, because a copy for each caller would add a kilobyte to the
/// WebAssembly module.
#[inline(never)]
pub(super) fn first_match<'c>(
    (config, index): (&'c Config, &RuleIndex),
    request: &Request<'_>,
    target: Option<Target<'_>>,
    call: Option<&McpCall<'_>>,
) -> Result<Option<Placed<'c>>, Reason> {
    for place in index.candidates(target.map(|target| target.path)) {
        let Some(rule) = config.rules.get(place) else {
            continue;
        };
        let route = &rule.route;
        if route.exceeds(
            config.limits.path_bytes,
            request,
            target,
            config.path_policy,
        ) {
            return Err(Reason::PathTooLong);
        }
        if route.matches(request, target, call, config.path_policy)? {
            return Ok(Some((place, rule)));
        }
    }
    Ok(None)
}

impl From<Unclear> for Reason {
    fn from(unclear: Unclear) -> Self {
        match unclear {
            Unclear::Authority => Self::AmbiguousAuthority,
            Unclear::Header => Self::AmbiguousHeader,
            Unclear::Method => Self::AmbiguousMethod,
            // The reason `AmbiguousPath` is also used for an ambiguous query.
            Unclear::Parameter => Self::AmbiguousPath,
        }
    }
}
