//! Which client the token was issued to.

use serde_json::Value;

use crate::{config::Provider, decision::Reason, jose::Claims};

/// The client identifier: the first of the provider's claims that is present.
#[must_use]
pub fn client_id<'a>(provider: &Provider, claims: &'a Claims) -> Option<&'a str> {
    provider
        .client_id_claims
        .iter()
        .find_map(|claim| claims.find(claim))
        .and_then(Value::as_str)
}

/// Checks the client identifier against the provider's. A token that names two clients is
/// refused: whoever reads the other claim would see another client.
pub(super) fn check(provider: &Provider, claims: &Claims) -> Result<(), Reason> {
    let mut values = provider
        .client_id_claims
        .iter()
        .filter_map(|claim| claims.find(claim));
    let Some(first) = values.next() else {
        return if provider.client_ids.is_empty() {
            Ok(())
        } else {
            Err(Reason::Client)
        };
    };
    if values.any(|other| other != first) {
        return Err(Reason::Client);
    }
    let accepted = provider.client_ids.is_empty()
        || provider
            .client_ids
            .iter()
            .any(|own| first.as_str() == Some(own.as_str()));
    if accepted {
        Ok(())
    } else {
        Err(Reason::Client)
    }
}
