//! Determines which tokens a request must carry. If the request's route has a policy, this policy
//! decides. Otherwise the first matching rule decides. If no rule matches, the setting
//! `filter_state_rules` decides.

use super::{first_match::Matched, mcp::Admission, routing::Routed};
use crate::{
    config::Config,
    connection::Connection,
    decision::Reason,
    policy::{Authorization, Demand, Requirement, RoutePolicy, RuleId},
};

/// What a request needs in order to pass.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access<'a> {
    /// The request is refused, whatever tokens it carries.
    Denied(Reason),
    /// No token is required.
    Open,
    /// The request must carry these tokens.
    Required(AccessRequirement<'a>),
    /// No rule matches the request.
    Unmatched,
    /// No rule admits the request's MCP call: the MCP headers are not acceptable, or no rule lists
    /// the call.
    Uncallable(Reason),
}

/// The tokens that a request must carry, and the rights that one of these tokens must grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccessRequirement<'a> {
    pub(super) requirement: &'a Requirement,
    pub(super) authorization: Option<&'a Authorization>,
    /// The rule that has this authorization. Results are cached for each rule. `None` if the
    /// authorization belongs to the status page, or to the policy of a route. A route's policy can
    /// change while the configuration stays the same, so results for such a policy are not cached.
    pub(super) rule: Option<RuleId>,
    /// Other rules that the request must satisfy too. The token that grants the rights of
    /// `authorization` must also grant the rights that these rules require.
    pub(super) others: &'a [Matched<'a>],
}

impl<'a> AccessRequirement<'a> {
    /// Returns what `demand` requires. `rule` is the rule that the demand belongs to, or `None` if
    /// it belongs to the status page or to the policy of a route.
    pub(super) const fn new(demand: &'a Demand, rule: Option<RuleId>) -> Self {
        Self {
            requirement: demand.requirement(),
            authorization: demand.authorization(),
            rule,
            others: &[],
        }
    }

    /// Returns the rights that one token must grant. Each item comes with its rule.
    pub(super) fn authorizations(
        self,
    ) -> impl Iterator<Item = (&'a Authorization, Option<RuleId>)> {
        let own = self.authorization.map(|own| (own, self.rule));
        let others = self.others.iter();
        let others = others.filter_map(|other| Some((other.rule.authorization()?, Some(other.id))));
        own.into_iter().chain(others)
    }

    /// Returns all scopes that the rules list, whether a rule requires all of its scopes or only
    /// one.
    pub(super) fn scopes(self) -> Vec<String> {
        let mut scopes: Vec<String> = Vec::new();
        let sets = self.authorizations();
        for set in sets.filter_map(|(own, _)| own.scopes.as_ref()) {
            let more = set.words().iter().filter(|word| !scopes.contains(word));
            let more: Vec<String> = more.cloned().collect();
            scopes.extend(more);
        }
        scopes
    }
}

/// Determines what a request needs. The policy of the route takes precedence over the rules, just
/// as the typed per-route configuration does in `jwt_authn`.
pub(super) fn access<'a>(
    config: &'a Config,
    route_policy: Option<&'a RoutePolicy>,
    routed: &'a Routed<'_, 'a>,
    connection: &dyn Connection,
) -> Access<'a> {
    match route_policy {
        None => by_rules(config, routed, connection),
        Some(RoutePolicy::Disabled) => Access::Open,
        Some(RoutePolicy::Require(demand)) => {
            Access::Required(AccessRequirement::new(demand, None))
        }
        Some(RoutePolicy::Authorize(authorization)) => match by_rules(config, routed, connection) {
            Access::Required(AccessRequirement { requirement, .. }) if !requirement.extracts() => {
                Access::Required(AccessRequirement {
                    requirement,
                    authorization: Some(authorization),
                    rule: None,
                    others: &[],
                })
            }
            closed @ (Access::Denied(_) | Access::Uncallable(_)) => closed,
            // The route's policy requires rights, but no rule says which providers' tokens can
            // grant these rights.
            Access::Open | Access::Required(..) | Access::Unmatched => {
                Access::Denied(Reason::RoutePolicy)
            }
        },
        Some(RoutePolicy::Unreadable) => Access::Denied(Reason::RoutePolicy),
    }
}

fn by_rules<'a>(
    config: &'a Config,
    routed: &'a Routed<'_, 'a>,
    connection: &dyn Connection,
) -> Access<'a> {
    match &routed.admission {
        Admission::Settled => {}
        Admission::Refused(reason) => return Access::Uncallable(*reason),
        Admission::Union(rules) => return by_all(rules),
    }
    if let Some(Matched { id, rule }) = routed.rule {
        return match &rule.demand {
            Some(demand) => Access::Required(AccessRequirement::new(demand, Some(id))),
            None => Access::Open,
        };
    }
    let Some(rules) = &config.filter_state_rules else {
        return Access::Unmatched;
    };
    let Ok(value) = connection.filter_state(&rules.name) else {
        return Access::Denied(Reason::HostFailure);
    };
    let value = value
        .as_deref()
        .and_then(|value| str::from_utf8(value).ok());
    match value.and_then(|value| rules.requires.get(value)) {
        Some(requirement) => Access::Required(AccessRequirement {
            requirement,
            authorization: None,
            rule: None,
            others: &[],
        }),
        None => Access::Unmatched,
    }
}

/// Determines what a request needs if it must satisfy all of these rules.
fn by_all<'a>(rules: &'a [Matched<'a>]) -> Access<'a> {
    let with_demand = |own: &Matched<'a>| Some((own.id, own.rule.demand.as_ref()?));
    let mut closed = rules.iter().filter_map(with_demand);
    // If no rule requires a token, refuse the request. Such rules only admit the calls that they
    // match, and the request's headers do not prove which call the request makes.
    if !rules.iter().any(|own| own.rule.requires_token()) {
        return Access::Uncallable(Reason::McpVersion);
    }
    match closed.next() {
        Some((id, demand))
            if closed.all(|(_, other)| other.requirement() == demand.requirement()) =>
        {
            Access::Required(AccessRequirement {
                others: rules,
                ..AccessRequirement::new(demand, Some(id))
            })
        }
        // A request's tokens are evaluated against one requirement. So several rules can be
        // satisfied at once only if they have the same requirement.
        _ => Access::Uncallable(Reason::McpVersion),
    }
}
