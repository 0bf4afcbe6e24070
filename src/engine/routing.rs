//! Finds the rule for a request. Servers may read a path in several ways, so the same rule must
//! apply to each reading.

use crate::{
    config::Config,
    decision::Reason,
    engine::{
        mcp::{Admission, Endpoint, Hosts, Placed},
        place::{Place, authority as authority_of},
    },
    http::{
        Request, method,
        path::{Readings, Target, decoded_queries, readings},
    },
    policy::{
        McpLegacy, PathPolicy, ProtectedResource, RuleIndex, Unclear, authority,
        mcp::{McpCall, McpFault},
    },
};

/// The rule for a request, and the other results of finding it.
#[derive(Debug)]
pub(super) struct Routed<'a, 'c> {
    /// The request's path and query. `None` for a CONNECT request without a path.
    pub(super) target: Option<Target<'a>>,
    /// The first rule that matches the request.
    pub(super) rule: Option<Placed<'c>>,
    /// Whether `rule` may decide alone, which depends on the request's MCP headers.
    pub(super) admission: Admission<'c>,
    /// How the request's path relates to the protected resources.
    pub(super) place: Place,
    authority: &'a str,
}

impl<'c> Routed<'_, 'c> {
    /// Returns the resources that the request may reach although it names another host. If Envoy
    /// and the upstream ignore the host, a request for the path of a resource reaches the resource.
    /// Web pages can cause such requests by DNS rebinding: the request then names the attacker's
    /// host.
    ///
    /// If the matching rule names the host, resources of other hosts do not count, because the
    /// operator wrote the rule for this host. Resources on other ports of this host still count: a
    /// condition such as `prefix: api.example` ignores the port, so a client could otherwise add
    /// any port to evade the checks. If the policy of the route decides (`has_policy`), the rule
    /// does not matter.
    pub(super) fn resources_elsewhere(
        &self,
        config: &'c Config,
        has_policy: bool,
    ) -> Vec<&'c ProtectedResource> {
        let Some(target) = self.target else {
            return Vec::new();
        };
        let mut found = (self.place).resources_elsewhere(config, self.authority, target.path);
        if !found.is_empty() && !has_policy && names_host(self.rule, self.authority) {
            found.retain(|own| own.url.has_host(self.authority));
        }
        found
    }
}

/// Finds the rule and the protected resource of a request. With `path_policy: reject`, a request
/// that servers could read in two ways is an error.
pub(super) fn route<'a, 'c>(
    (config, index): (&'c Config, &RuleIndex),
    request: &Request<'a>,
) -> Result<Routed<'a, 'c>, Reason> {
    let rejects = config.path_policy == PathPolicy::Reject;
    if rejects {
        refuse_head(request)?;
    }
    let Some(raw) = request.target() else {
        return Ok(Routed {
            target: None,
            rule: first_match((config, index), request, None, None)?,
            admission: Admission::Settled,
            place: Place::default(),
            authority: "",
        });
    };
    // A path that is not UTF-8 is refused under every `path_policy`, because no rule can match it.
    let target = Target::new(str::from_utf8(raw).map_err(|_| Reason::AmbiguousPath)?);
    // The length is checked before any regular expression runs, because the running time of regular
    // expressions grows with the length of the path.
    if target.path.len() > config.limits.path_bytes {
        return Err(Reason::PathTooLong);
    }
    let others = match rejects {
        true => readings(target.path).map_err(|_| Reason::AmbiguousPath)?,
        false => Readings::default(),
    };
    let endpoint_of = |target, hosts| Endpoint::of((config, index), request, target, hosts);
    let own = endpoint_of(target, Hosts::Own)?;
    let call = own.call(request);
    let made = call.as_ref().and_then(|call| call.as_ref().ok());
    let rule = first_match((config, index), request, Some(target), made)?;
    let place = Place::of(config, request, target.path);
    // A client can send any host. If the rules for MCP calls apply to one host, the client could
    // evade them by sending another host, so that a rule for all hosts decides. So the host counts
    // only if the deciding rule names it, or if the request belongs to a resource of this host. The
    // port only counts in the second case: the deciding rule may hold for any port.
    let authority = authority_of(request);
    let hosts = match place.resource(config) {
        Some(_) => Hosts::Own,
        // Without rules for calls, no endpoint has rules, so the host need not be examined.
        None if !index.matches_calls() => Hosts::Own,
        None if names_host(rule, authority) => Hosts::AnyPort,
        None => Hosts::All,
    };
    let endpoint = match hosts {
        Hosts::Own => own,
        wider => endpoint_of(target, wider)?,
    };
    // An upstream may decode the path, drop its parameters or truncate it. The same rule must match
    // each of these readings. Each reading must also belong to the same resource: otherwise a token
    // for one resource could be used at another resource.
    for path in others.iter() {
        let target = Target { path, ..target };
        let other = first_match((config, index), request, Some(target), made)?;
        if number(other) != number(rule)
            || Place::of(config, request, path) != place
            || !endpoint_of(target, hosts)?.equals(&endpoint)
        {
            return Err(Reason::AmbiguousPath);
        }
    }
    // Most paths have no other reading, so these checks are rare.
    if others.iter().next().is_some() {
        refuse_hidden_token(config, target)?;
        refuse_hidden_query((config, index), request, (target, &others), made, rule)?;
    }
    // The call was read for the rules of this host and port. Rules of the other hosts and ports may
    // have conditions on more of its headers.
    let call = match hosts {
        Hosts::Own => call,
        Hosts::AnyPort | Hosts::All => endpoint.call(request),
    };
    let admission = match &call {
        None => Admission::Settled,
        Some(Ok(call)) if endpoint.lists(call, request, target, config, rule)? => {
            Admission::Settled
        }
        Some(Ok(_)) => Admission::Refused(Reason::Unmatched),
        Some(Err(McpFault::Header)) => Admission::Refused(Reason::McpHeader),
        Some(Err(McpFault::Version)) => match place.resource(config).map(|own| own.mcp_legacy) {
            Some(McpLegacy::Union) => Admission::Union(endpoint.union(rule)),
            None | Some(McpLegacy::Deny) => Admission::Refused(Reason::McpVersion),
        },
    };
    Ok(Routed {
        target: Some(target),
        rule,
        admission,
        place,
        authority,
    })
}

/// Refuses a path with a token after an encoded `?`. If a proxy behind Envoy decodes the path, the
/// upstream finds a second token, which was not verified.
fn refuse_hidden_token(config: &Config, target: Target<'_>) -> Result<(), Reason> {
    // A token in the query as sent is found later, so only the path matters here.
    let query = None;
    for hidden in decoded_queries(Target { query, ..target }) {
        let mut providers = config.providers.iter();
        if providers.any(|provider| provider.places.reads_query(&hidden)) {
            return Err(Reason::AmbiguousPath);
        }
    }
    Ok(())
}

/// Refuses a path with an encoded `?` or `#` if another rule matches the query that the upstream
/// reads after a proxy has decoded the path. Otherwise `/q%3Fmode=admin` would evade a rule for the
/// parameter `mode`. `others` are the readings of the path, and `rule` is the rule that matches
/// the request as sent.
fn refuse_hidden_query<'c>(
    (config, index): (&'c Config, &RuleIndex),
    request: &Request<'_>,
    (target, others): (Target<'_>, &Readings),
    call: Option<&McpCall<'_>>,
    rule: Option<Placed<'c>>,
) -> Result<(), Reason> {
    if !index.reads_query() {
        return Ok(());
    }
    for hidden in decoded_queries(target) {
        let text = format!("{}?{hidden}", target.path);
        let request = request.with_target(text.as_bytes());
        for path in others.iter() {
            let query = Some(&*hidden);
            let other = first_match(
                (config, index),
                &request,
                Some(Target { path, query }),
                call,
            )?;
            if number(other) != number(rule) {
                return Err(Reason::AmbiguousPath);
            }
        }
    }
    Ok(())
}

fn number(rule: Option<Placed<'_>>) -> Option<usize> {
    rule.map(|(number, _)| number)
}

/// Returns true if the rule has a condition that names the host of the request's authority.
fn names_host(rule: Option<Placed<'_>>, authority: &str) -> bool {
    rule.is_some_and(|(_, rule)| rule.route.names_host_of(authority))
}

/// Refuses a request whose method or authority servers could read in different ways.
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

/// Returns the first rule that matches the request, or an error if it is unclear whether a rule
/// matches. The function is not inlined, because a copy for each caller would add a kilobyte to the
/// WebAssembly module.
#[inline(never)]
fn first_match<'c>(
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
        if route.exceeds(config.limits.path_bytes, request, target) {
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
