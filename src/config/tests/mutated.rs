//! Tests that the parser never panics, whatever the input is.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{base_with, parse};
use crate::config::Config;

/// A configuration that uses nearly every field.
fn rich() -> Value {
    base_with(&[
        ("realm", json!("orders")),
        (
            "limits",
            json!({"token_bytes": 4096.0, "park_timeout": "0.5s"}),
        ),
        (
            "providers.okta.subjects",
            json!({"safe_regex": {"regex": "a|b"}, "ignore_case": true}),
        ),
        (
            "providers.okta.from_headers",
            json!([{"name": "x-token", "value_prefix": "T "}]),
        ),
        ("providers.okta.from_cookies", json!(["session"])),
        (
            "providers.okta.claim_to_headers",
            json!([{"header_name": "x-a", "claim_name": "a.b"}]),
        ),
        ("scope_implies", json!({"a": ["b"]})),
        (
            "protected_resources",
            json!([{
                "resource": "https://api.example/orders", "resource_name": "Orders",
                "authorization_servers": ["https://idp.example"], "scopes_supported": ["a"],
                "allowed_origins": ["https://app.example"],
            }]),
        ),
        (
            "providers.okta.issuer",
            json!("https://idp.example/{tid}/v2.0"),
        ),
        (
            "providers.okta.require_claims",
            json!([{"claim": "tid", "any_of": ["t", 1, true]}]),
        ),
        (
            "providers.okta.remote_jwks.retry_policy.retry_back_off.base_interval",
            json!("2s"),
        ),
        (
            "rules.0.match.headers",
            json!([{"name": ":method", "range_match": {"end": "9"}}]),
        ),
        (
            "rules.0.match.query_parameters",
            json!([{"name": "q", "present_match": true}]),
        ),
        (
            "rules.0.requires",
            json!({"requires_any": {"requirements": [
                {"provider_name": "okta"},
                {"provider_and_audiences": {"provider_name": "okta", "audiences": ["b"]}},
                {"allow_missing": {}},
            ]}}),
        ),
        (
            "rules.0.authorize",
            json!({
                "scopes": {"any_of": ["a"]}, "client_ids": ["c"],
                "authentication": {"acr_values": ["phr"], "max_age": "300s"},
            }),
        ),
    ])
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}|[0-9]{1,20}(\\.[0-9]{0,10})?s|\\PC{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_A-Z]{0,12}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Replaces one value in a JSON document. `target` is the index of this value in depth-first order.
fn replace(value: &mut Value, target: &mut usize, replacement: &Value) {
    if *target == 0 {
        *value = replacement.clone();
    }
    *target = target.wrapping_sub(1);
    match value {
        Value::Array(elements) => {
            elements
                .iter_mut()
                .for_each(|element| replace(element, target, replacement));
        }
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| replace(member, target, replacement));
        }
        _ => {}
    }
}

#[test]
fn rich_configuration_is_accepted() {
    let config = parse(&rich()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.rules.len(), 1);
}

proptest! {
    #[test]
    fn a_replaced_value_never_panics(
        changes in prop::collection::vec((0..90_usize, any_json()), 1..4)
    ) {
        let mut document = rich();
        for (mut target, replacement) in changes {
            replace(&mut document, &mut target, &replacement);
        }
        if let Err(error) = parse(&document) {
            prop_assert!(error.to_string().contains(": "), "{error}");
        }
    }

    #[test]
    fn a_replaced_byte_never_panics(position in 0..1500_usize, byte: u8) {
        let mut text = rich().to_string().into_bytes();
        let position = position.min(text.len().saturating_sub(1));
        text[position] = byte;
        let _ = Config::parse(&text);
    }

    #[test]
    fn bytes_never_panic(bytes: Vec<u8>) {
        let _ = Config::parse(&bytes);
    }
}
