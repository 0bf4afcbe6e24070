//! Decides which rules apply at an MCP endpoint. An endpoint is a path with rules that match MCP
//! calls (`match.mcp`).
//!
//! A POST request to an endpoint needs a rule that matches its call. A rule for the same path that
//! has no `match.mcp` does not admit the request. Otherwise, a rule that opens the rest of the API
//! to any token would also open the tools that no rule lists.

use crate::{
    config::Config,
    decision::Reason,
    engine::first_match::Matched,
    http::{Request, path::Target},
    policy::{
        Comparison, McpLegacy,
        mcp::{McpCall, McpFault},
    },
};

/// Whether the rule that matches a request may decide alone. This depends on the request's MCP
/// headers.
#[derive(Debug)]
pub(super) enum Admission<'c> {
    /// The matching rule decides: the headers name the call, or the path is not an MCP endpoint.
    Settled,
    /// The MCP headers are not acceptable, or no rule of the endpoint matches the call. The request
    /// is refused, whatever token it carries.
    Refused(Reason),
    /// The MCP headers do not prove which call the request makes, so the request must satisfy all
    /// these rules.
    Union(Vec<Matched<'c>>),
}

/// The rules with `match.mcp` for the path and [host](Hosts) of a POST request. For requests with
/// other methods, the list is empty.
#[derive(Debug, Default)]
pub(super) struct Endpoint<'c> {
    rules: Vec<Matched<'c>>,
}

/// The hosts whose rules belong to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hosts {
    /// The host of the request, and its port.
    Own,
    /// The host of the request, whatever the port. A client can send any port, and a server that
    /// ignores the port would run the call as if the request named the port of the rule.
    AnyPort,
    /// All hosts: a server that ignores the host would run the call as if the request named the
    /// host of the rule.
    All,
}

impl<'c> Endpoint<'c> {
    /// Finds the rules with `match.mcp` for the path and host of a request.
    pub(super) fn of(
        config: &'c Config,
        request: &Request<'_>,
        target: Target<'_>,
        hosts: Hosts,
        comparison: &Comparison,
    ) -> Result<Self, Reason> {
        let mut rules = Vec::new();
        if !config.rules.match_calls() || request.method() != "POST" {
            return Ok(Self { rules });
        }
        for (id, rule) in config.rules.candidates(Some(target.path)) {
            if rule.route.mcp.is_some()
                && match hosts {
                    Hosts::Own => rule.route.is_at(request, Some(target), comparison)?,
                    Hosts::AnyPort => {
                        let authority = request.authority();
                        (rule.route).is_at_some_port(request, target, authority, comparison)?
                    }
                    Hosts::All => rule.route.is_at_path(request, target.path),
                }
            {
                rules.push(Matched { id, rule });
            }
        }
        Ok(Self { rules })
    }

    /// Returns true if both endpoints have the same rules.
    pub(super) fn equals(&self, other: &Self) -> bool {
        self.rules == other.rules
    }

    /// Reads the request's MCP call from the headers. Returns `None` if this endpoint has no rules.
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
            .filter_map(|own| own.rule.route.mcp.as_ref());
        let params = matches.flat_map(|own| &own.params);
        let mut params: Vec<&str> = params.map(|param| param.header.as_str()).collect();
        // Decode each header only once, even if many rules have a condition on it. At this point no
        // token has been verified, so anyone can cause this work.
        params.sort_unstable();
        params.dedup();
        Some(McpCall::read(request, &params))
    }

    /// Decides whether `first`, the first rule that matches the request, may decide alone. `legacy`
    /// is the setting `mcp_legacy` of the resource that the request belongs to.
    pub(super) fn admission(
        self,
        call: &Result<McpCall<'_>, McpFault>,
        request: &Request<'_>,
        target: Target<'_>,
        comparison: &Comparison,
        (first, legacy): (Option<Matched<'c>>, Option<McpLegacy>),
    ) -> Result<Admission<'c>, Reason> {
        Ok(match call {
            Ok(call) if self.lists(call, request, target, comparison, first)? => Admission::Settled,
            Ok(_) => Admission::Refused(Reason::Unmatched),
            Err(McpFault::Header) => Admission::Refused(Reason::McpHeader),
            Err(McpFault::Version) => match legacy {
                Some(McpLegacy::Union) => Admission::Union(self.union(first)),
                None | Some(McpLegacy::Deny) => Admission::Refused(Reason::McpVersion),
            },
        })
    }

    /// Returns true if one of the endpoint's rules matches the request. Returns false if an earlier
    /// rule of the endpoint matches in everything except the host. `first` is the first rule of the
    /// whole configuration that matches the request. Rules after `first` do not restrict the
    /// request.
    ///
    /// A client can send any host. Suppose that a strict rule lists a call for one host, and a
    /// later, weaker rule lists the same call for all hosts. If the earlier rule did not count, a
    /// client could evade it by sending another host.
    fn lists(
        &self,
        call: &McpCall<'_>,
        request: &Request<'_>,
        target: Target<'_>,
        comparison: &Comparison,
        first: Option<Matched<'_>>,
    ) -> Result<bool, Reason> {
        for own in &self.rules {
            let route = &own.rule.route;
            if route.matches(request, Some(target), Some(call), comparison)? {
                return Ok(true);
            }
            let is_before = first.is_none_or(|first| own.id < first.id);
            if is_before && route.matches_on_own_host(request, target, call, comparison)? {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Returns the rules that a request must satisfy if its headers do not prove which call it
    /// makes. The result contains all rules of the endpoint. `first` is the first rule that matches
    /// the request whatever its call is. If `first` comes before the endpoint's last rule, it
    /// decides on some calls, so the result contains `first` too.
    fn union(self, first: Option<Matched<'c>>) -> Vec<Matched<'c>> {
        let mut rules = self.rules;
        if let (Some(first), Some(last)) = (first, rules.last())
            && first.id < last.id
        {
            rules.push(first);
        }
        rules
    }
}
