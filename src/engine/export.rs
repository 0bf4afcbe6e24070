//! Filter-state entries for other filters. They contain parts of a verified token, the caller's
//! identity, or the reason why a token failed.
//!
//! `jwt_authn` writes such entries to dynamic metadata. Portcullis writes them to the filter state.
//! The identity is plain text; all other entries are JSON. Only verified claims are exported. The
//! entries need no size limit of their own, because the size of a token is limited, and a payload
//! is shorter than its token. If `normalize_payload_in_metadata` turns space-delimited strings into
//! lists, the payload is at most three times as long as the token.

use serde_json::{Map, Value, json};

use crate::{
    config::Provider,
    decision::{Reason, StateEntry, StateValue},
    engine::verified::Verified,
    jose::{base64url, words},
    json,
};

/// Returns the entries that `provider` exports for a verified token.
pub(super) fn verified(provider: &Provider, token: &Verified<'_>) -> Vec<StateEntry> {
    let exports = &provider.exports;
    let mut entries = Vec::new();
    // The entries have the same order as in `jwt_authn`, but different keys.
    if let Some(key) = &exports.header
        && let Some(header) = header(token.credential.token.as_str())
    {
        entries.push(StateEntry {
            key: key.clone(),
            value: StateValue::Json(header),
        });
    }
    if let Some(key) = &exports.payload
        && let Some(claims) = token.claims()
    {
        entries.push(StateEntry {
            key: key.clone(),
            value: StateValue::Json(payload(claims.members(), &exports.space_delimited_claims)),
        });
    }
    entries
}

/// Returns the filter-state entry with the caller's identity, if `provider` exports the identity.
pub(super) fn identity(provider: &Provider, identity: &str) -> Option<StateEntry> {
    let key = provider.exports.identity.clone()?;
    Some(StateEntry {
        key,
        value: StateValue::Text(identity.to_owned()),
    })
}

/// Returns the entry that `provider` exports for a token that failed.
pub(super) fn failure(provider: &Provider, reason: Reason) -> Option<StateEntry> {
    let key = provider.exports.failed_status.clone()?;
    let (code, message) = (reason.jwt_authn_status()?, reason.label());
    Some(StateEntry {
        key,
        value: StateValue::Json(json!({"code": code, "message": message})),
    })
}

/// Returns the JOSE header of a verified token.
fn header(token: &str) -> Option<Value> {
    let (segment, _) = token.split_once('.')?;
    let members = json::parse_object(&base64url::decode(segment)?).ok()?;
    Some(Value::Object(members))
}

fn payload(claims: &Map<String, Value>, space_delimited: &[String]) -> Value {
    let mut claims = claims.clone();
    for name in space_delimited {
        if let Some(claim @ Value::String(_)) = claims.get_mut(name) {
            let list = words(claim).map(Value::from).collect();
            *claim = Value::Array(list);
        }
    }
    Value::Object(claims)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn splits_only_the_named_claims_into_lists() {
        let claims =
            json!({"scope": " a  b", "scp": "c d", "roles": ["e f"], "n": {"scope": "g h"}});
        let names = ["scope".to_owned(), "roles".to_owned(), "absent".to_owned()];
        assert_eq!(
            payload(claims.as_object().unwrap(), &names),
            json!({"n": {"scope": "g h"}, "roles": ["e f"], "scope": ["a", "b"], "scp": "c d"})
        );
    }

    #[test]
    fn exports_a_header_without_the_senders_white_space() {
        let token = format!(
            "{}.e30.x",
            base64url::encode(b" { \"typ\" : \"a b\",\"alg\":1 }\n")
        );
        let entry = StateValue::Json(header(&token).unwrap());
        assert_eq!(entry.text(), r#"{"alg":1,"typ":"a b"}"#);
    }
}
