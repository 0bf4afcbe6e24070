#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use serde_json::json;

use super::*;
use crate::jose::key::Validity;
use crate::json::JsonError;

fn ed25519(seed: u8) -> Value {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let x = base64url::encode(secret.verifying_key().as_bytes());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
}

fn named(kid: &str, seed: u8) -> Value {
    let mut jwk = ed25519(seed);
    jwk["kid"] = json!(kid);
    jwk
}

fn parse(text: &str) -> Result<KeySet, KeySetError> {
    KeySet::parse(text.as_bytes(), KeyOrigin::Remote, KeySetLimits::default())
}

fn set(keys: &[Value]) -> KeySet {
    parse(&json!({ "keys": keys }).to_string()).unwrap()
}

fn query(kid: Option<&str>, algorithm: Algorithm) -> KeyQuery<'_> {
    KeyQuery {
        kid,
        algorithm,
        binding: JwkAlgorithm::Exact,
        purpose: KeyPurpose::Signatures,
        now: UnixSeconds::new(0),
        issued: None,
    }
}

/// The seeds from which the candidate keys were made. A key's thumbprint identifies its seed.
fn candidates(set: &KeySet, kid: Option<&str>) -> Vec<u8> {
    let seed_of = |key: &VerifyingKey| {
        (0..9).find(|seed| set_of_one(*seed).keys[0].thumbprint() == key.thumbprint())
    };
    set.candidates(query(kid, Algorithm::EdDsa))
        .filter_map(seed_of)
        .collect()
}

fn set_of_one(seed: u8) -> KeySet {
    set(&[ed25519(seed)])
}

#[test]
fn one_bad_key_does_not_affect_the_others() {
    let twice = r#"{"kty":"OKP","kty":"OKP"}"#;
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let good = named("good", 1);
    let rsa = r#"{"kid":"enc-1","kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}"#;
    let text = format!(r#"{{"keys":[{twice},1,null,{deep},{rsa},{{}},{good}]}}"#);
    let set = parse(&text).unwrap();
    assert_eq!(set.keys().len(), 1);
    let reasons: Vec<_> = set.skipped().iter().map(|key| &key.reason).collect();
    assert!(matches!(
        reasons[0],
        KeyError::Json(JsonError::DuplicateName { .. })
    ));
    assert_eq!(reasons[1..3], [&KeyError::Json(JsonError::NotAnObject); 2]);
    assert!(matches!(
        reasons[3],
        KeyError::Json(JsonError::Malformed { .. })
    ));
    let encryption = SkippedKey {
        index: 4,
        kid: Some("enc-1".to_owned()),
        reason: KeyError::ForEncryption,
    };
    assert_eq!(set.skipped()[4], encryption);
    assert_eq!(*reasons[5], KeyError::MemberMissing { member: "kty" });
}

#[test]
fn refuses_text_that_is_not_a_key_set() {
    let keys = json!([ed25519(1)]);
    for text in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        keys.to_string(),
        ed25519(1).to_string(),
        r#"{"keys":{}}"#.to_owned(),
        r#"{"keys":"x"}"#.to_owned(),
        r#"{"keys":null}"#.to_owned(),
        format!(r#"{{"Keys":{keys}}}"#),
        format!(r#"{{"keys":{keys},}}"#),
        format!(r#"{{"keys":{keys}}}{{}}"#),
        format!("\u{feff}{{\"keys\":{keys}}}"),
        format!(r#"{{"keys":{keys}"#),
    ] {
        assert_eq!(parse(&text).unwrap_err(), KeySetError::NotAKeySet, "{text}");
    }
    let limits = KeySetLimits::default();
    let refused = KeySet::parse(b"{\"keys\":[\"\xff\"]}", KeyOrigin::Remote, limits);
    assert_eq!(refused.unwrap_err(), KeySetError::NotAKeySet);
}

#[test]
fn refuses_a_repeated_name_in_the_outer_object() {
    let keys = json!([ed25519(1)]);
    for text in [
        format!(r#"{{"keys":{keys},"keys":{keys}}}"#),
        format!(r#"{{"keys":{keys},"\u006beys":[]}}"#),
        format!(r#"{{"a":1,"keys":{keys},"a":1}}"#),
    ] {
        assert_eq!(
            parse(&text).unwrap_err(),
            KeySetError::DuplicateName,
            "{text}"
        );
    }
}

#[test]
fn other_members_of_the_set_are_ignored() {
    let text = format!(r#"{{"x":{{"y":[{{}}]}},"keys":[{}],"":null}}"#, ed25519(1));
    assert_eq!(parse(&text).unwrap().keys().len(), 1);
}

#[test]
fn a_set_without_a_usable_key_is_refused_with_the_reasons() {
    let nothing = KeySetError::NoUsableKey {
        skipped: Vec::new(),
    };
    assert_eq!(parse(r#"{"keys":[]}"#).unwrap_err(), nothing);
    let text = r#"{"keys":[{"kid":"a","kty":"AKP"}]}"#;
    let skipped = vec![SkippedKey {
        index: 0,
        kid: Some("a".to_owned()),
        reason: KeyError::UnsupportedKeyType,
    }];
    assert_eq!(
        parse(text).unwrap_err(),
        KeySetError::NoUsableKey { skipped }
    );
}

#[test]
fn limits_are_inclusive() {
    let text = json!({ "keys": [ed25519(1), ed25519(2)] }).to_string();
    let parse = |bytes, keys| {
        KeySet::parse(
            text.as_bytes(),
            KeyOrigin::Remote,
            KeySetLimits { bytes, keys },
        )
    };
    assert!(parse(text.len(), 2).is_ok());
    let limit = text.len() - 1;
    assert_eq!(
        parse(limit, 2).unwrap_err(),
        KeySetError::TooManyBytes { limit }
    );
    assert_eq!(
        parse(text.len(), 1).unwrap_err(),
        KeySetError::TooManyKeys { limit: 1 }
    );
}

#[test]
fn a_token_is_tried_against_keys_with_its_kid_and_keys_without_one() {
    let set = set(&[
        named("a", 1),
        ed25519(2),
        named("b", 3),
        named("a", 4),
        named("", 5),
    ]);
    assert_eq!(candidates(&set, Some("a")), [1, 4, 2]);
    assert_eq!(candidates(&set, Some("b")), [3, 2]);
    assert_eq!(candidates(&set, Some("A")), [2]);
    assert_eq!(candidates(&set, Some("")), [5, 2]);
    assert_eq!(candidates(&set, None), [1, 2, 3, 4, 5]);
}

#[test]
fn candidates_match_the_algorithm_of_the_token() {
    let mut bound = named("a", 1);
    bound["alg"] = json!("EdDSA");
    let set = set(&[bound, named("a", 2)]);
    for algorithm in Algorithm::ALL {
        let expected = if algorithm == Algorithm::EdDsa { 2 } else { 0 };
        let found = set
            .candidates(KeyQuery {
                binding: JwkAlgorithm::Family,
                ..query(Some("a"), algorithm)
            })
            .count();
        assert_eq!(found, expected, "{algorithm}");
    }
}

/// A key verifies JWT-SVIDs only if its `use` is exactly `jwt-svid` and it has a `kid`. Such a key
/// verifies nothing else (SPIFFE, "Trust Domain and Bundle" section 4.2).
#[test]
fn keys_for_jwt_svids_serve_nothing_else() {
    let key = |purpose: Value, kid: Value, seed| {
        let mut jwk = named("k", seed);
        for (name, value) in [("use", purpose), ("kid", kid)] {
            jwk[name] = value;
            if jwk[name].is_null() {
                jwk.as_object_mut().unwrap().remove(name);
            }
        }
        jwk
    };
    let set = set(&[
        key(json!("jwt-svid"), json!("k"), 1),
        key(json!("jwt-svid"), json!(null), 2),
        key(json!("x509-svid"), json!("k"), 3),
        key(json!("JWT-SVID"), json!("k"), 4),
        key(json!("sig"), json!("k"), 5),
        key(json!(null), json!("k"), 6),
    ]);
    for (purpose, expected) in [
        (KeyPurpose::JwtSvids, vec![1]),
        (KeyPurpose::Signatures, vec![5, 6]),
    ] {
        let query = KeyQuery {
            purpose,
            ..query(Some("k"), Algorithm::EdDsa)
        };
        let found = set.candidates(query).map(VerifyingKey::thumbprint);
        let seed = |key| (1..7).find(|seed| set_of_one(*seed).keys[0].thumbprint() == key);
        let found: Vec<u8> = found.filter_map(seed).collect();
        assert_eq!(found, expected, "{purpose:?}");
    }
}

#[test]
fn candidates_are_valid_now() {
    let key = |seed, from, to| {
        set_of_one(seed).keys[0].clone().with_validity(Validity {
            not_before: UnixSeconds::new(from),
            not_after: UnixSeconds::new(to),
        })
    };
    let set = KeySet::from_keys(vec![key(1, 10, 20), key(2, 20, 30), key(3, 9, 8)]).unwrap();
    for (now, count) in [(9, 0), (10, 1), (20, 2), (21, 1), (30, 1), (31, 0)] {
        let now = UnixSeconds::new(now);
        let query = KeyQuery {
            now,
            ..query(Some("any"), Algorithm::EdDsa)
        };
        assert_eq!(set.candidates(query).count(), count, "{now}");
    }
}

#[test]
fn candidates_match_the_issuer_if_required() {
    let of = |seed, issuer: &str| {
        let mut jwk = named("k", seed);
        jwk["issuer"] = json!(issuer);
        jwk
    };
    let set = set(&[
        of(1, "https://login.example/a/v2.0"),
        of(2, "https://login.example/{tenantid}/v2.0"),
        of(3, "https://login.example/{tid}/v2.0"),
        of(4, "https://login.example/{tenantid}/"),
        of(5, ""),
        named("k", 6),
    ]);
    let serving = |claims: &Value| {
        let claims = Claims::parse(claims.to_string().as_bytes()).unwrap();
        let query = KeyQuery {
            issued: Some(&claims),
            ..query(Some("k"), Algorithm::EdDsa)
        };
        let found = set.candidates(query).map(VerifyingKey::thumbprint);
        let seed = |key| (1..7).find(|seed| set_of_one(*seed).keys[0].thumbprint() == key);
        found.filter_map(seed).collect::<Vec<u8>>()
    };
    let of_tenant = |tenant: &str| format!("https://login.example/{tenant}/v2.0");
    let tokens = [
        (
            json!({ "iss": of_tenant("a"), "tid": "a" }),
            &[1, 2, 3, 6][..],
        ),
        (json!({ "iss": of_tenant("b"), "tid": "b" }), &[2, 3, 6]),
        (json!({ "iss": of_tenant("a"), "tid": "b" }), &[1, 6]),
        (json!({ "iss": of_tenant("a") }), &[1, 6]),
        (json!({ "iss": "https://other.example" }), &[6]),
        (json!({}), &[6]),
    ];
    for (claims, expected) in tokens {
        assert_eq!(serving(&claims), expected, "{claims}");
    }
    assert_eq!(candidates(&set, Some("k")), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_shared_secret_must_be_as_long_as_its_hash() {
    for (octets, algorithms) in [
        (32, &[Algorithm::Hs256][..]),
        (47, &[Algorithm::Hs256]),
        (48, &[Algorithm::Hs256, Algorithm::Hs384]),
        (63, &[Algorithm::Hs256, Algorithm::Hs384]),
        (64, &[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]),
    ] {
        let secret = base64url::encode(&vec![1; octets]);
        let set = KeySet::from_secrets([(None, secret.as_str())]).unwrap();
        let serving = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| set.candidates(query(None, *algorithm)).count() == 1);
        assert_eq!(serving.collect::<Vec<_>>(), algorithms, "{octets}");
    }
    let refused = KeySet::from_secrets([(None, base64url::encode(&[1; 31]).as_str())]);
    assert!(matches!(refused, Err(KeySetError::NoUsableKey { .. })));
}

#[test]
fn a_key_with_a_long_kid_is_skipped_and_the_kid_not_repeated() {
    let long = "k".repeat(257);
    let expected = SkippedKey {
        index: 1,
        kid: None,
        reason: KeyError::KidTooLong,
    };
    let set = set(&[ed25519(1), named(&long, 2)]);
    assert_eq!(set.skipped(), std::slice::from_ref(&expected));
    let secret = base64url::encode(&[1; 32]);
    let secrets = [(None, secret.as_str()), (Some(long.as_str()), &secret)];
    let refused = KeySet::from_secrets(secrets).unwrap_err();
    let skipped = vec![expected];
    assert_eq!(refused, KeySetError::NoUsableKey { skipped });
}

#[test]
fn shared_secrets_make_a_set() {
    let long = base64url::encode(&[1; 64]);
    let short = base64url::encode(&[2; 32]);
    let set = KeySet::from_secrets([(Some("a"), long.as_str()), (None, &short)]).unwrap();
    let count = |kid, algorithm| set.candidates(query(kid, algorithm)).count();
    assert_eq!(count(Some("a"), Algorithm::Hs256), 2);
    assert_eq!(count(Some("a"), Algorithm::Hs512), 1);
    assert_eq!(count(Some("b"), Algorithm::Hs512), 0);
    assert_eq!(count(None, Algorithm::Rs256), 0);
}

#[test]
fn one_bad_shared_secret_refuses_them_all() {
    let good = base64url::encode(&[1; 32]);
    let short = base64url::encode(&[1; 31]);
    let padded = format!("{good}=");
    for (bad, reason) in [
        (
            &short,
            KeyError::SecretTooShort {
                octets: 31,
                needed: 32,
            },
        ),
        (&padded, KeyError::NotBase64url { member: "secret" }),
    ] {
        let refused = KeySet::from_secrets([(None, good.as_str()), (Some("b"), bad)]);
        let skipped = vec![SkippedKey {
            index: 1,
            kid: Some("b".to_owned()),
            reason,
        }];
        assert_eq!(refused.unwrap_err(), KeySetError::NoUsableKey { skipped });
    }
    let nothing = KeySetError::NoUsableKey {
        skipped: Vec::new(),
    };
    assert_eq!(KeySet::from_secrets([]).unwrap_err(), nothing);
}
