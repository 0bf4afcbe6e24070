//! Finds the first rule that matches a request.

use crate::{
    config::Config,
    decision::Reason,
    http::{Request, path::Target},
    policy::{Comparison, Rule, RuleId, Unclear, mcp::McpCall},
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
    comparison: &Comparison,
) -> Result<Option<Matched<'c>>, Reason> {
    for (id, rule) in (config.rules).candidates(target.map(|target| target.path)) {
        if rule.route.matches(request, target, call, comparison)? {
            return Ok(Some(Matched { id, rule }));
        }
    }
    Ok(None)
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
