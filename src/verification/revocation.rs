//! Whether a token was revoked.

use super::client::identifier;
use crate::{
    decision::Reason,
    jose::{ClaimPath, Claims},
    time::{Rounding, UnixSeconds},
};

/// What was revoked. Each list is sorted and has an entry once, so that thousands of them cost a
/// token nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    /// Tokens, by `jti` (RFC 7519 §4.1.7).
    pub token_ids: Vec<String>,
    /// Clients, by the identifier in the provider's `client_id_claims`.
    pub client_ids: Vec<String>,
    /// Subjects, by `sub`, whose tokens of before that time are revoked.
    pub issued_before: Vec<(String, UnixSeconds)>,
}

/// Checks the token, its client and its subject against what the operator has revoked. Nothing in it
/// depends on the time: what passed once passes until the configuration changes.
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
    // An identifier that is no text would never be found in the list.
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

/// A token that does not say when it was issued may be as old as any.
fn is_too_old(revoked: &Revocation, claims: &Claims) -> bool {
    let Some(subject) = claims.subject() else {
        return false;
    };
    let subjects = revoked.issued_before.as_slice();
    let place = subjects.binary_search_by(|(own, _)| own.as_str().cmp(subject));
    let Some((_, limit)) = place.ok().and_then(|place| subjects.get(place)) else {
        return false;
    };
    // Rounded down, unlike `Claims::issued_at`: half a second before is before.
    let issued = claims
        .member("iat")
        .and_then(|iat| UnixSeconds::from_numeric_date(iat, Rounding::Down));
    issued.is_none_or(|issued| issued < *limit)
}
