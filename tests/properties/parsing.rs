//! The parsers of untrusted input never panic, whatever the input is. Their results match the
//! input.

use portcullis::{
    jose::{
        ClaimPath, Claims, CompactJws, JoseHeader, KeyOrigin, KeySet, KeySetLimits, UntrustedToken,
        VerifyingKey, base64url, words,
    },
    json,
    time::{Rounding, UnixSeconds},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::runs;

/// An arbitrary JSON value. The value often contains names and strings that the parsers look for.
fn json_value() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("RS256".to_owned()),
        Just("EdDSA".to_owned()),
        Just("sig".to_owned()),
        Just("verify".to_owned()),
        Just("P-256".to_owned()),
        Just("a b  c".to_owned()),
        "[A-Za-z0-9_-]{0,44}",
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "alg", "kid", "typ", "cty", "crit", "b64", "kty", "use", "key_ops", "crv", "x", "y", "n",
        "e", "k", "issuer", "keys", "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "",
    ];
    prop_oneof![3 => prop::sample::select(known.map(str::to_owned).to_vec()), 1 => any::<String>()]
}

/// Passes `octets` to every parser. The results do not matter. It is enough that no parser panics.
fn read_as_everything(octets: &[u8]) {
    let _ = json::parse(octets);
    let _ = JoseHeader::parse(octets);
    let _ = Claims::parse(octets);
    for origin in [KeyOrigin::Remote, KeyOrigin::Local] {
        let _ = VerifyingKey::from_jwk_json(octets, origin);
        let _ = KeySet::parse(octets, origin, KeySetLimits::default());
    }
    if let Ok(text) = std::str::from_utf8(octets) {
        let _ = base64url::decode(text);
        let _ = CompactJws::parse(text);
        let _ = UntrustedToken::parse(text);
        let _ = KeySet::from_secrets([(None, text)]);
    }
}

proptest! {
    #![proptest_config(runs(256))]

    #[test]
    fn any_octets_can_be_read(octets: Vec<u8>) {
        read_as_everything(&octets);
    }

    #[test]
    fn any_json_can_be_read(value in json_value()) {
        let text = value.to_string();
        read_as_everything(text.as_bytes());
        read_as_everything(json!({ "keys": [&value] }).to_string().as_bytes());
        let segment = base64url::encode(text.as_bytes());
        read_as_everything(format!("{segment}.{segment}.{segment}").as_bytes());
        let _ = UnixSeconds::from_numeric_date(&value, Rounding::Up);
        prop_assert!(words(&value).all(|word| !word.is_empty() && !word.contains(' ')));
    }

    #[test]
    fn strict_json_reads_the_same_value_as_serde_json(value in json_value()) {
        let text = value.to_string();
        prop_assert_eq!(json::parse(text.as_bytes()).ok(), serde_json::from_str(&text).ok());
    }

    #[test]
    fn only_one_base64url_text_decodes_to_the_same_octets(text in "[A-Za-z0-9_=+/-]{0,12}") {
        if let Some(octets) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(&octets), text);
        }
    }

    #[test]
    fn a_claim_is_found_at_its_path(path in prop::collection::vec(name(), 1..5), leaf: i64) {
        let registered = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
        prop_assume!(!registered.contains(&path[0].as_str()));
        let claims = path.iter().rev().fold(json!(leaf), |inner, name| json!({ name: inner }));
        let claims = Claims::parse(claims.to_string().as_bytes()).unwrap();
        let path = ClaimPath::from_segments(path).unwrap();
        prop_assert_eq!(claims.find(&path), Some(&json!(leaf)));
    }
}
