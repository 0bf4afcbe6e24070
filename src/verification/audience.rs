//! The audience of a token (RFC 7519 section 4.1.3).

use crate::{decision::Reason, policy::Audiences, verification::Circumstances};

/// Checks that one of the token's audiences is accepted. The comparison is exact, code point by
/// code point.
///
/// If the request is for a protected resource, this resource must admit one of the token's
/// audiences (RFC 8707 section 2). Without this check, the operator of one resource could receive a
/// token from a client and replay it at another resource. A request may be for no resource, but
/// have a path that matches resources on other hosts. One of these resources must then admit one of
/// the token's audiences, so that a client cannot evade the check by sending a wrong host.
pub(super) fn check<'a>(
    accepted: &Audiences,
    circumstances: &Circumstances<'_>,
    mut audiences: impl Iterator<Item = &'a str>,
) -> Result<(), Reason> {
    let is_listed = |audience: &str| match accepted {
        Audiences::AnyOf(accepted) => accepted.iter().any(|own| own == audience),
        Audiences::Any => false,
    };
    let elsewhere = circumstances.resources_elsewhere;
    let is_meant_for_another = |audience: &str| {
        let mut resources = elsewhere.iter();
        !elsewhere.is_empty() && !resources.any(|own| own.admits_audience(audience, |_| true))
    };
    let holds = match (circumstances.resource, accepted) {
        (Some(resource), _) => {
            audiences.any(|audience| resource.admits_audience(audience, is_listed))
        }
        (None, Audiences::Any) => {
            elsewhere.is_empty() || audiences.any(|audience| !is_meant_for_another(audience))
        }
        (None, Audiences::AnyOf(_)) => {
            audiences.any(|audience| is_listed(audience) && !is_meant_for_another(audience))
        }
    };
    if holds { Ok(()) } else { Err(Reason::Audience) }
}
