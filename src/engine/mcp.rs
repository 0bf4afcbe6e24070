//! Decides which rules apply at an MCP endpoint, which is a path with rules that match MCP calls
//! (`match.mcp`).
//!
//! A POST request to an endpoint needs a rule that matches its call. Another rule for the same path
//! does not admit the request: it may open the rest of the API to everyone who has a token, but it
//! must not open the tools that no rule lists.

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

/// Whether a request's MCP headers are sufficient for the rule that matches the request to decide.
#[derive(Debug)]
pub(super) enum Admission<'c> {
    /// The headers are sufficient, or the path is not an MCP endpoint.
    Settled,
    /// The headers are not acceptable. The request is refused, whatever token it carries.
    Refused(Reason),
    /// The headers do not say what the call does, so the request must satisfy all these rules.
    Union(Vec<Placed<'c>>),
}

/// The rules with `match.mcp` that apply to the path and host of a POST request. Empty for all
/// other requests.
#[derive(Debug, Default)]
pub(super) struct Endpoint<'c> {
    rules: Vec<Placed<'c>>,
}

impl<'c> Endpoint<'c> {
    /// Finds the rules for the path and host of a request.
    pub(super) fn of(
        (config, index): (&'c Config, &RuleIndex),
        request: &Request<'_>,
        target: Target<'_>,
    ) -> Result<Self, Reason> {
        let mut rules = Vec::new();
        if !index.matches_calls() || request.method() != "POST" {
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

    /// Returns whether both endpoints have the same rules.
    pub(super) fn equals(&self, other: &Self) -> bool {
        let places = |(place, _): &Placed<'_>| *place;
        self.rules
            .iter()
            .map(places)
            .eq(other.rules.iter().map(places))
    }

    /// Reads from the headers which call the request makes. Returns `None` if this endpoint has no
    /// rules.
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

    /// Returns whether one of the endpoint's rules matches the call.
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

    /// Returns the rules that a request must satisfy if its headers do not say which call it makes.
    /// These are all rules of the endpoint. `first` is the first rule that matches the request and
    /// does not depend on the call. It is included if it comes before the endpoint's last rule,
    /// because it then decides on some calls.
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
