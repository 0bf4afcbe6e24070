//! Determines which tokens a request must carry: by its route's policy, by the first matching rule,
//! or by the filter state.

use crate::{
    config::Config,
    connection::Connection,
    decision::Reason,
    policy::{Authorization, Requirement, RoutePolicy, Rule, WordSet},
};

/// What a request needs in order to pass.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access<'a> {
    /// Nothing: the request is refused, whatever tokens it carries.
    Denied(Reason),
    /// No token is required.
    Open,
    /// These tokens are required.
    Required(AccessRequirement<'a>),
    /// No rule matches the request.
    Unmatched,
}

/// The tokens that a request must carry, and what one of them must grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct AccessRequirement<'a> {
    pub(super) requirement: &'a Requirement,
    pub(super) authorization: Option<&'a Authorization>,
    /// The index of the rule that has this authorization. `None` if the authorization comes from a
    /// route, since routes can change while the configuration stays the same.
    pub(super) rule: Option<usize>,
}

impl<'a> AccessRequirement<'a> {
    /// The scopes that the token must have, all or one of them.
    pub(super) fn scopes(self) -> &'a [String] {
        let scopes = self.authorization.and_then(|own| own.scopes.as_ref());
        scopes.map_or(&[], WordSet::words)
    }
}

/// Determines what a request needs if `rule` matches it. The route's policy takes precedence, like
/// the typed per-route configuration of `jwt_authn`.
pub(super) fn access<'a>(
    config: &'a Config,
    route_policy: Option<&'a RoutePolicy>,
    rule: Option<(usize, &'a Rule)>,
    connection: &dyn Connection,
) -> Access<'a> {
    match route_policy {
        None => by_rules(config, rule, connection),
        Some(RoutePolicy::Disabled) => Access::Open,
        Some(RoutePolicy::Require {
            requirement,
            authorization,
        }) => Access::Required(AccessRequirement {
            requirement,
            authorization: authorization.as_ref(),
            rule: None,
        }),
        Some(RoutePolicy::Authorize(authorization)) => match by_rules(config, rule, connection) {
            Access::Required(AccessRequirement { requirement, .. }) if !requirement.extracts() => {
                Access::Required(AccessRequirement {
                    requirement,
                    authorization: Some(authorization),
                    rule: None,
                })
            }
            closed @ Access::Denied(_) => closed,
            // The route requires rights, but no rule says which providers' tokens can have them.
            Access::Open | Access::Required(..) | Access::Unmatched => {
                Access::Denied(Reason::RoutePolicy)
            }
        },
        Some(RoutePolicy::Unreadable) => Access::Denied(Reason::RoutePolicy),
    }
}

fn by_rules<'a>(
    config: &'a Config,
    rule: Option<(usize, &'a Rule)>,
    connection: &dyn Connection,
) -> Access<'a> {
    if let Some((place, rule)) = rule {
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
