//! Finds the rule for a request. Servers may read a path in several ways, so the same rule must
//! apply to each reading.

use crate::{
    config::Config,
    decision::Reason,
    engine::{
        first_match::{Matched, first_match},
        hidden_query,
        mcp::{Admission, Endpoint, Hosts},
        other_readings::OtherReadings,
        repetition,
        resource_match::ResourceMatch,
    },
    http::{Request, authority, method, path::Target},
    policy::{Comparison, PathPolicy, ProtectedResource, mcp::McpCall},
};

/// The rule for a request, and other facts about the request.
#[derive(Debug)]
pub(super) struct Routed<'a, 'c> {
    /// The request's path and query. `None` for a CONNECT request without a path.
    pub(super) target: Option<Target<'a>>,
    /// The first rule that matches the request.
    pub(super) rule: Option<Matched<'c>>,
    /// Whether `rule` may decide alone. This depends on the request's MCP headers.
    pub(super) admission: Admission<'c>,
    /// How the request's path relates to the protected resources.
    pub(super) resource_match: ResourceMatch,
}

impl<'c> Routed<'_, 'c> {
    /// Returns the resources that the request may reach although it names another host. If Envoy
    /// and the upstream ignore the host, a request for the path of a resource reaches the resource.
    /// Web pages can cause such requests by DNS rebinding: the request then names the attacker's
    /// host.
    ///
    /// If the matching rule names the request's host, resources of other hosts do not count,
    /// because the operator wrote the rule for this host. Resources on other ports of this host
    /// still count: a condition such as `prefix: api.example` ignores the port, so a client could
    /// otherwise add any port to evade the checks. If the policy of the route decides
    /// (`has_policy`), the rule is not considered.
    pub(super) fn resources_elsewhere(
        &self,
        config: &'c Config,
        request: &Request<'_>,
        has_policy: bool,
    ) -> Vec<&'c ProtectedResource> {
        let Some(target) = self.target else {
            return Vec::new();
        };
        let resource_match = self.resource_match;
        let mut found = resource_match.resources_elsewhere(config, request, target.path);
        if !found.is_empty() && !has_policy {
            let authority = request.authority();
            if names_host(self.rule, authority) {
                found.retain(|own| own.url.has_host(authority));
            }
        }
        found
    }
}

/// Finds the rule and the protected resource of a request. With `path_policy: reject`, a request
/// that servers could read in two ways is an error.
pub(super) fn route<'a, 'c>(
    config: &'c Config,
    request: &Request<'a>,
) -> Result<Routed<'a, 'c>, Reason> {
    let comparison = &config.comparison();
    if config.path_policy == PathPolicy::Reject {
        refuse_head(request)?;
    }
    match request.split_target() {
        Ok(Some(target)) => route_target(config, request, target, comparison),
        Ok(None) => Ok(Routed {
            target: None,
            rule: first_match(config, request, None, None, comparison)?,
            admission: Admission::Settled,
            resource_match: ResourceMatch::default(),
        }),
        // A path that is not UTF-8 is refused under every `path_policy`, because no rule can match
        // it.
        Err(_) => Err(Reason::AmbiguousPath),
    }
}

/// Finds the rule and the protected resource of a request with this target.
fn route_target<'a, 'c>(
    config: &'c Config,
    request: &Request<'a>,
    target: Target<'a>,
    comparison: &Comparison,
) -> Result<Routed<'a, 'c>, Reason> {
    // The length is checked before any regular expression runs, because the running time of regular
    // expressions grows with the length of the path.
    if target.path.len() > config.limits.path_bytes {
        return Err(Reason::PathTooLong);
    }
    let others = OtherReadings::of(config, target)?;
    repetition::limit(config, request, target, &others, comparison)?;
    let own = Endpoint::of(config, request, target, Hosts::Own, comparison)?;
    let call = own.call(request);
    let made = call.as_ref().and_then(|call| call.as_ref().ok());
    let rule = first_match(config, request, Some(target), made, comparison)?;
    let resource_match = ResourceMatch::of(config, request, target.path);
    let hosts = match resource_match.resource(config) {
        Some(_) => Hosts::Own,
        // If no rule matches MCP calls, no endpoint has rules, so the host does not matter.
        None if !config.rules.match_calls() => Hosts::Own,
        None => hosts(rule, request.authority()),
    };
    let found = Found {
        rule,
        resource_match,
        endpoint: match hosts {
            Hosts::Own => own,
            wider => Endpoint::of(config, request, target, wider, comparison)?,
        },
        hosts,
    };
    if !others.is_empty() {
        found.check(config, request, target, &others, made, comparison)?;
    }
    // So far, Portcullis has read only the parts of the call that the rules of this host and port
    // need. Rules of other hosts and ports may have conditions on further headers of the call, so
    // read the call again.
    let call = match hosts {
        Hosts::Own => call,
        Hosts::AnyPort | Hosts::All => found.endpoint.call(request),
    };
    let admission = match &call {
        None => Admission::Settled,
        Some(call) => {
            let legacy = resource_match.resource(config).map(|own| own.mcp_legacy);
            let settings = (rule, legacy);
            (found.endpoint).admission(call, request, target, comparison, settings)?
        }
    };
    Ok(Routed {
        target: Some(target),
        rule,
        admission,
        resource_match,
    })
}

/// What a request leads to if its target is read as it was sent.
struct Found<'c> {
    rule: Option<Matched<'c>>,
    resource_match: ResourceMatch,
    endpoint: Endpoint<'c>,
    /// The hosts whose rules are in `endpoint`.
    hosts: Hosts,
}

impl Found<'_> {
    /// Refuses the request if it leads to something else in another reading of its target. An
    /// upstream may decode the path, truncate it, or drop its path parameters (`;a=b`). `call` is
    /// the MCP call that the request makes.
    fn check(
        &self,
        config: &Config,
        request: &Request<'_>,
        target: Target<'_>,
        others: &OtherReadings,
        call: Option<&McpCall<'_>>,
        comparison: &Comparison,
    ) -> Result<(), Reason> {
        for path in others.paths.iter() {
            let target = Target { path, ..target };
            if !self.agrees(config, request, target, call, comparison)? {
                return Err(Reason::AmbiguousPath);
            }
        }
        hidden_query::refuse_token(config, target)?;
        hidden_query::refuse_query(config, request, target, others, call, self.rule)
    }

    /// Returns true if `target`, another reading of the request's target, leads to the same rule,
    /// resource and endpoint. If it led to another resource, a token for one resource could be used
    /// at another resource.
    fn agrees(
        &self,
        config: &Config,
        request: &Request<'_>,
        target: Target<'_>,
        call: Option<&McpCall<'_>>,
        comparison: &Comparison,
    ) -> Result<bool, Reason> {
        Ok(
            first_match(config, request, Some(target), call, comparison)? == self.rule
                && ResourceMatch::of(config, request, target.path) == self.resource_match
                && Endpoint::of(config, request, target, self.hosts, comparison)?
                    .equals(&self.endpoint),
        )
    }
}

/// Returns the hosts whose rules with `match.mcp` apply to a request that belongs to no protected
/// resource. A client can send any host. If these rules are for one host, a client could evade them
/// by sending another host, and a rule for all hosts would decide. So the rules of other hosts are
/// left out only if the deciding rule names the request's host. Ports are never compared, because
/// the deciding rule may hold for any port.
fn hosts(rule: Option<Matched<'_>>, authority: &str) -> Hosts {
    match names_host(rule, authority) {
        true => Hosts::AnyPort,
        false => Hosts::All,
    }
}

/// Returns true if the rule has a condition that names the host of the request's authority.
fn names_host(rule: Option<Matched<'_>>, authority: &str) -> bool {
    rule.is_some_and(|own| own.rule.route.names_host_of(authority))
}

/// Refuses a request if servers could read its method or its authority in different ways.
fn refuse_head(request: &Request<'_>) -> Result<(), Reason> {
    for (name, value) in request.headers() {
        match *name {
            b":method" if method::is_misspelt(value) => {
                return Err(Reason::AmbiguousMethod);
            }
            b":authority" | b"host" if authority::is_ambiguous(value) => {
                return Err(Reason::AmbiguousAuthority);
            }
            _ => {}
        }
    }
    Ok(())
}
