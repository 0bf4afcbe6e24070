//! Revoked tokens, clients and subjects.

use super::client_id::identifier;
use crate::{
    decision::Reason,
    jose::{ClaimPath, Claims},
    time::{Rounding, UnixSeconds},
};

/// The revocations in the configuration. Each list is sorted and has no duplicates, so that a
/// lookup among thousands of entries is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    /// The revoked tokens, by `jti` (RFC 7519 §4.1.7).
    pub token_ids: Vec<String>,
    /// The revoked clients, by client identifier (see the provider's `client_id_claims`).
    pub client_ids: Vec<String>,
    /// Subjects (`sub`), each with a time. All tokens of the subject that were issued before this
    /// time are revoked.
    pub issued_before: Vec<(String, UnixSeconds)>,
}

/// Checks that the operator has not revoked the token, its client or its subject. The result does
/// not depend on the current time, so it stays correct until the configuration changes.
pub(super) fn check(
    revoked: &Revocation,
    client_id_claims: &[ClaimPath],
    claims: &Claims,
) -> Result<(), Reason> {
    let client = identifier(client_id_claims, claims);
    if is_listed(&revoked.token_ids, claims.token_id())
        || is_listed(&revoked.client_ids, client)
        || is_too_old(revoked, claims)
    {
        return Err(Reason::Revoked);
    }
    // A client identifier that is not a string would never match a revoked identifier, so a
    // token with such an identifier is refused.
    let has_odd_client = || {
        let mut names = client_id_claims.iter();
        client.is_none() && names.any(|name| claims.find(name).is_some())
    };
    if !revoked.client_ids.is_empty() && has_odd_client() {
        return Err(Reason::Client);
    }
    Ok(())
}

fn is_listed(list: &[String], id: Option<&str>) -> bool {
    id.is_some_and(|id| list.binary_search_by(|own| own.as_str().cmp(id)).is_ok())
}

/// Returns true if `issued_before` lists the token's subject, and the token was issued before the
/// time listed there. A token without `iat` counts as too old, because its age is unknown.
fn is_too_old(revoked: &Revocation, claims: &Claims) -> bool {
    let Some(subject) = claims.subject() else {
        return false;
    };
    let subjects = revoked.issued_before.as_slice();
    let place = subjects.binary_search_by(|(own, _)| own.as_str().cmp(subject));
    let Some((_, limit)) = place.ok().and_then(|place| subjects.get(place)) else {
        return false;
    };
    // `iat` is rounded down here, although `Times::issued_at` is rounded up. So a token that was
    // issued half a second before the limit is revoked.
    let issued = claims
        .member("iat")
        .and_then(|iat| UnixSeconds::from_numeric_date(iat, Rounding::Down));
    issued.is_none_or(|issued| issued < *limit)
}
