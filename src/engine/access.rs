//! Determines which tokens a request must carry. The policy of the request's route decides, or the
//! first matching rule, or the filter state.

use super::{mcp::Admission, routing::Routed};
use crate::{
    config::Config,
    connection::Connection,
    decision::Reason,
    policy::{Authorization, Requirement, RoutePolicy, WordSet},
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
    /// The request's MCP headers let no rule decide.
    Uncallable(Reason),
}

/// The tokens that a request must carry, and the rights that one of them must grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccessRequirement<'a> {
    pub(super) requirement: &'a Requirement,
    pub(super) authorization: Option<&'a Authorization>,
    /// The index of the rule that has this authorization; results are cached under it. `None` if
    /// the authorization comes from a route's policy, which can change while the configuration
    /// stays the same, or from the status page.
    pub(super) rule: Option<usize>,
}

impl<'a> AccessRequirement<'a> {
    /// The scopes that the rule lists. The authorization says whether a token needs all of them or
    /// one.
    pub(super) fn scopes(self) -> &'a [String] {
        let scopes = self.authorization.and_then(|own| own.scopes.as_ref());
        scopes.map_or(&[], WordSet::words)
    }
}

/// Determines what a request needs. The policy of the route takes precedence over the rules, like the
/// typed per-route configuration of `jwt_authn`.
pub(super) fn access<'a>(
    config: &'a Config,
    route_policy: Option<&'a RoutePolicy>,
    routed: &Routed<'_, 'a>,
    connection: &dyn Connection,
) -> Access<'a> {
    match route_policy {
        None => by_rules(config, routed, connection),
        Some(RoutePolicy::Disabled) => Access::Open,
        Some(RoutePolicy::Require {
            requirement,
            authorization,
        }) => Access::Required(AccessRequirement {
            requirement,
            authorization: authorization.as_ref(),
            rule: None,
        }),
        Some(RoutePolicy::Authorize(authorization)) => match by_rules(config, routed, connection) {
            Access::Required(AccessRequirement { requirement, .. }) if !requirement.extracts() => {
                Access::Required(AccessRequirement {
                    requirement,
                    authorization: Some(authorization),
                    rule: None,
                })
            }
            closed @ (Access::Denied(_) | Access::Uncallable(_)) => closed,
            // The route's policy requires rights, but no rule says which providers' tokens can
            // grant them.
            Access::Open | Access::Required(..) | Access::Unmatched => {
                Access::Denied(Reason::RoutePolicy)
            }
        },
        Some(RoutePolicy::Unreadable) => Access::Denied(Reason::RoutePolicy),
    }
}

fn by_rules<'a>(
    config: &'a Config,
    routed: &Routed<'_, 'a>,
    connection: &dyn Connection,
) -> Access<'a> {
    if let Admission::Refused(reason) = routed.admission {
        return Access::Uncallable(reason);
    }
    if let Some((place, rule)) = routed.rule {
        return match &rule.requirement {
            Some(requirement) => Access::Required(AccessRequirement {
                requirement,
                authorization: rule.authorization.as_ref(),
                rule: Some(place),
            }),
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
        }),
        None => Access::Unmatched,
    }
}
