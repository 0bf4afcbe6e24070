//! The features Z1 to Z20, each by its acceptance check: what an operator reads in a founding
//! document as a sentence stands here as one test, `zNN_name`.
//!
//! | file | features |
//! |---|---|
//! | `records` | Z1 to Z5: the record of an authorization server, and what each of its fields demands |
//! | `structured_scopes` | Z6: scopes such as `cloud::org::role` |
//! | `rules` | Z7, Z9, Z13: roles, their order after the signature, exemptions |
//! | `identity_header` | Z8: an identity made of claims |
//! | `key_sources` | Z10, Z12: fetched and written keys |
//! | `offline` | Z11: checking before saving |
//! | `times` | Z14: how long a token may live |
//! | `revocation` | Z15 |
//! | `answers` | Z17, Z20: answers and counters |
//! | `explain` | Z18: why a token fails |
//! | `client_assertions` | Z19: clients that sign with their own keys |
//! | `client_secrets` | the three ways of an API client to authenticate, the third of which has no number |
//!
//! Z16, time windows, is not a feature of this version.

mod answers;
mod client_assertions;
mod client_secrets;
mod explain;
mod identity_header;
mod key_sources;
mod offline;
mod records;
mod revocation;
mod rules;
mod structured_scopes;
mod times;

use serde_json::{Value, json};

use crate::world::{claims, get};
use support::{
    driver::{Driver, Exchange},
    signer::Signer,
};

/// A good token with other claims; `null` takes one away.
fn token_with(gate: &impl Driver, signer: &Signer, changes: &Value) -> String {
    let mut claims = claims(gate, "alice");
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    signer.sign_claims(&claims)
}

/// What came of it: the status and, where the module refused, its reason.
fn outcome(exchange: &Exchange) -> (u16, &str) {
    let reason = exchange.details.strip_prefix("portcullis_denied{");
    let reason = reason.and_then(|reason| reason.strip_suffix('}'));
    (exchange.status, reason.unwrap_or_default())
}

/// A configuration with several providers, `/<name>` for each of them.
fn one_path_each(providers: &Value) -> Value {
    let names = providers.as_object().unwrap().keys();
    let rules = names.map(|name| {
        json!({
            "match": { "path": format!("/{name}") },
            "requires": { "provider_name": name },
        })
    });
    json!({ "providers": providers, "rules": rules.collect::<Vec<_>>() })
}

/// Sends a token to `/<provider>`.
fn status(gate: &impl Driver, provider: &str, token: &str) -> u16 {
    get(gate, &format!("/{provider}"), token).status
}
