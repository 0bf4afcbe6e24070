//! Which tokens a request must carry: by its route, by the first rule, by the filter state.

use crate::{
    config::Config,
    connection::Connection,
    decision::Reason,
    policy::{Authorization, Requirement, RoutePolicy, Rule},
};

/// What is asked of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Course<'a> {
    /// Nothing can be asked: it is refused.
    Closed(Reason),
    /// No token.
    Open,
    /// These tokens.
    Tokens(Asked<'a>),
    /// Nothing is for it.
    Unmatched,
}

/// The tokens that a request must carry, and what one of them must grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) requirement: &'a Requirement,
    pub(super) authorization: Option<&'a Authorization>,
    /// The place of the rule whose authorization it is. A route's has none: routes come and go while
    /// the configuration stays.
    pub(super) rule: Option<usize>,
}

/// What is asked of a request that `rule` is for. A route's word is the last, as the typed per-route
/// configuration of `jwt_authn` is.
pub(super) fn course<'a>(
    config: &'a Config,
    route_policy: Option<&'a RoutePolicy>,
    rule: Option<(usize, &'a Rule)>,
    connection: &dyn Connection,
) -> Course<'a> {
    match route_policy {
        None => by_rules(config, rule, connection),
        Some(RoutePolicy::Disabled) => Course::Open,
        Some(RoutePolicy::Require {
            requirement,
            authorization,
        }) => Course::Tokens(Asked {
            requirement,
            authorization: authorization.as_ref(),
            rule: None,
        }),
        Some(RoutePolicy::Authorize(authorization)) => match by_rules(config, rule, connection) {
            Course::Tokens(Asked { requirement, .. }) if !requirement.extracts() => {
                Course::Tokens(Asked {
                    requirement,
                    authorization: Some(authorization),
                    rule: None,
                })
            }
            closed @ Course::Closed(_) => closed,
            // Rights are asked for, but no rule says whose tokens could have them.
            Course::Open | Course::Tokens(..) | Course::Unmatched => {
                Course::Closed(Reason::RoutePolicy)
            }
        },
        Some(RoutePolicy::Unreadable) => Course::Closed(Reason::RoutePolicy),
    }
}

fn by_rules<'a>(
    config: &'a Config,
    rule: Option<(usize, &'a Rule)>,
    connection: &dyn Connection,
) -> Course<'a> {
    if let Some((place, rule)) = rule {
        return match &rule.requirement {
            Some(requirement) => Course::Tokens(Asked {
                requirement,
                authorization: rule.authorization.as_ref(),
                rule: Some(place),
            }),
            None => Course::Open,
        };
    }
    let Some(rules) = &config.filter_state_rules else {
        return Course::Unmatched;
    };
    let Ok(value) = connection.filter_state(&rules.name) else {
        return Course::Closed(Reason::HostFailure);
    };
    let value = value
        .as_deref()
        .and_then(|value| str::from_utf8(value).ok());
    match value.and_then(|value| rules.requires.get(value)) {
        Some(requirement) => Course::Tokens(Asked {
            requirement,
            authorization: None,
            rule: None,
        }),
        None => Course::Unmatched,
    }
}
