//! Properties that hold for every input, tried on many.

use portcullis::jose::{
    Algorithm, ClaimPath, Claims, CompactJws, JoseHeader, KeyOrigin, KeyQuery, KeySet,
    KeySetLimits, UntrustedToken, VerifyingKey, base64url, words,
};
use portcullis::json;
use portcullis::time::{Rounding, UnixSeconds};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use support::signer::Signer;

/// Any JSON value, with the names and words that the code looks for among it.
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

/// Shows `octets` to every reader; that it returns is the property.
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
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

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
    fn strict_json_reads_what_json_without_repetition_says(value in json_value()) {
        let text = value.to_string();
        prop_assert_eq!(json::parse(text.as_bytes()).ok(), serde_json::from_str(&text).ok());
    }

    #[test]
    fn base64url_has_one_text_for_octets(text in "[A-Za-z0-9_=+/-]{0,12}") {
        if let Some(octets) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(&octets), text);
        }
    }

    #[test]
    fn claim_is_found_where_it_was_put(path in prop::collection::vec(name(), 1..5), leaf: i64) {
        let registered = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
        prop_assume!(!registered.contains(&path[0].as_str()));
        let claims = path.iter().rev().fold(json!(leaf), |inner, name| json!({ name: inner }));
        let claims = Claims::parse(claims.to_string().as_bytes()).unwrap();
        let path = ClaimPath::from_segments(path).unwrap();
        prop_assert_eq!(claims.find(&path), Some(&json!(leaf)));
    }
}

proptest! {
    #![proptest_config(Config { cases: support::times::times(400), failure_persistence: None, ..Config::default() })]

    #[test]
    fn token_with_a_flipped_bit_never_verifies(
        algorithm in prop::sample::select(Algorithm::ALL.to_vec()),
        at: prop::sample::Index,
        bit in 0..8_u32,
    ) {
        let signer = Signer::new(algorithm);
        let text = signer.sign_claims(&json!({ "iss": "https://issuer.example", "exp": 1 }));
        let keys = signer.jwks().to_string();
        let keys =
            KeySet::parse(keys.as_bytes(), KeyOrigin::Local, KeySetLimits::default()).unwrap();
        let verifies = |text: &str| {
            UntrustedToken::parse(text).is_ok_and(|token| {
                let header = token.header();
                let mut candidates =
                    keys.candidates(KeyQuery::of(header, UnixSeconds::default()));
                candidates.any(|key| token.verify(key).is_some())
            })
        };
        prop_assert!(verifies(&text));
        let mut octets = text.into_bytes();
        let at = at.index(octets.len());
        octets[at] ^= 1 << bit;
        if let Ok(flipped) = String::from_utf8(octets) {
            prop_assert!(!verifies(&flipped), "octet {at}, bit {bit}: {flipped}");
        }
    }
}
