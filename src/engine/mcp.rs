//! Decides which rules apply at an MCP endpoint: a path with rules that match MCP calls.
//!
//! A POST request there needs such a rule. A rule for the same path without `match.mcp` does not
//! admit it: the rest of the API may be open to everyone who has a token, but not the tools that no
//! rule lists.

use crate::{
    config::Config,
    decision::Reason,
    http::{Request, path::Target},
    policy::{
        PathPolicy, Rule, RuleIndex,
        mcp::{McpCall, McpFault},
    },
};

/// A rule and its index.
pub(super) type Placed<'c> = (usize, &'c Rule);

/// Whether the MCP headers of a request let its rule decide.
#[derive(Debug)]
pub(super) enum Admission<'c> {
    /// They do, or the request is for no MCP endpoint.
    Settled,
    /// They do not, whatever token the request has.
    Refused(Reason),
    /// They do not say what the call does, so it must satisfy all these rules.
    Union(Vec<Placed<'c>>),
}

/// The rules with `match.mcp` for the path and host of a POST request. Empty for other requests.
#[derive(Debug, Default)]
pub(super) struct Endpoint<'c> {
    rules: Vec<Placed<'c>>,
}

impl<'c> Endpoint<'c> {
    /// Finds the rules for a request.
    pub(super) fn of(
        (config, index): (&'c Config, &RuleIndex),
        request: &Request<'_>,
        target: Target<'_>,
    ) -> Result<Self, Reason> {
        let mut rules = Vec::new();
        if request.method() != "POST" {
            return Ok(Self { rules });
        }
        for place in index.candidates(Some(target.path)) {
            if let Some(rule) = config.rules.get(place)
                && rule.route.mcp.is_some()
                && rule
                    .route
                    .is_at(request, Some(target), config.path_policy)?
            {
                rules.push((place, rule));
            }
        }
        Ok(Self { rules })
    }

    /// Returns true if both are the same rules.
    pub(super) fn equals(&self, other: &Self) -> bool {
        let places = |(place, _): &Placed<'_>| *place;
        self.rules
            .iter()
            .map(places)
            .eq(other.rules.iter().map(places))
    }

    /// The call that the request makes; `None` if no rule here matches calls.
    pub(super) fn call<'a>(&self, request: &Request<'a>) -> Option<Result<McpCall<'a>, McpFault>>
    where
        'c: 'a,
    {
        if self.rules.is_empty() {
            return None;
        }
        let matches = self
            .rules
            .iter()
            .filter_map(|(_, rule)| rule.route.mcp.as_ref());
        let params = matches.flat_map(|own| &own.params);
        let params: Vec<&str> = params.map(|param| param.header.as_str()).collect();
        Some(McpCall::read(request, &params))
    }

    /// Whether one of the rules matches the call.
    pub(super) fn lists(
        &self,
        call: &McpCall<'_>,
        request: &Request<'_>,
        target: Target<'_>,
        policy: PathPolicy,
    ) -> Result<bool, Reason> {
        for (_, rule) in &self.rules {
            if rule
                .route
                .matches(request, Some(target), Some(call), policy)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rules that a call must satisfy if its headers do not say what it does: those for calls,
    /// and the `first` of the others that matches the request, if some calls meet it before their
    /// own rule.
    pub(super) fn union(self, first: Option<Placed<'c>>) -> Vec<Placed<'c>> {
        let mut rules = self.rules;
        if let (Some(first), Some(last)) = (first, rules.last())
            && first.0 < last.0
        {
            rules.push(first);
        }
        rules
    }
}
