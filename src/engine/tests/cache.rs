//! Tests of cached tokens.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::policy::ProviderId;

/// Decides on a request with this token at second `NOW + seconds`. Returns the decision, and the
/// numbers of cache hits and misses.
fn decided(engine: &Engine, token: &str, seconds: i64) -> (Decision, (u32, u32)) {
    let value = format!("Bearer {token}");
    let request = Request::new(vec![
        (b":method", b"GET"),
        (b":path", b"/"),
        (b"authorization", value.as_bytes()),
    ]);
    let now = UnixMillis::new(u64::try_from(NOW + seconds).unwrap() * 1000);
    let decided = engine.decide(&request, None, now, Patience::Waiting, &NoConnection);
    let CacheUse { hits, misses } = decided.cache_use;
    (decided.decision, (hits, misses))
}

fn at(engine: &Engine, token: &str, seconds: i64) -> (&'static str, (u32, u32)) {
    let (decision, uses) = decided(engine, token, seconds);
    (label(&decision), uses)
}

#[test]
fn a_cached_token_is_decided_and_forwarded_as_before() {
    let mut own = provider("a", &SECRET);
    merge(
        &mut own,
        json!({
            "claim_to_headers": [{"header_name": "x-user", "claim_name": "sub"}],
            "forward_payload_header": "x-payload",
            "payload_in_metadata": "p", "header_in_metadata": "h",
        }),
    );
    let engine = engine(json!({"providers": {"a": own}}));
    let good = token("a", json!({}));
    let (first, uses) = decided(&engine, &good, 0);
    assert_eq!((label(&first), uses), ("verified", (0, 1)));
    for _ in 0..3 {
        assert_eq!(decided(&engine, &good, 0), (first.clone(), (1, 0)));
    }
}

#[test]
fn caches_no_token_that_failed() {
    let engine = engine(json!({}));
    let good = token("a", json!({}));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(43));
    for _ in 0..2 {
        for (token, expected) in [
            (forged.as_str(), "bad_signature"),
            (&token("a", json!({"exp": NOW - 999})), "expired"),
            ("x.y.z", "malformed_token"),
        ] {
            assert_eq!(at(&engine, token, 0), (expected, (0, 1)));
        }
    }
    assert_eq!(label(&bearer(&engine, &good)), "verified");
    assert_eq!(label(&bearer(&engine, &forged)), "bad_signature");
}

#[test]
fn checks_times_on_every_hit() {
    let engine = engine(json!({}));
    let good = token("a", json!({"exp": NOW + 300, "nbf": NOW}));
    assert_eq!(at(&engine, &good, 0), ("verified", (0, 1)));
    assert_eq!(at(&engine, &good, 359), ("verified", (1, 0)));
    // The clock was set back after the token was cached.
    assert_eq!(at(&engine, &good, -61), ("not_yet_valid", (1, 0)));
    assert_eq!(at(&engine, &good, 360), ("expired", (1, 0)));
    // The token is no longer cached, but it is still expired.
    assert_eq!(at(&engine, &good, 360), ("expired", (0, 1)));
}

#[test]
fn checks_the_rules_audiences_and_rights_on_every_hit() {
    let engine = engine(json!({"rules": [
        {"match": {"path": "/other"}, "requires": {"provider_and_audiences":
            {"provider_name": "a", "audiences": ["other"]}}},
        {"match": {"path": "/b"}, "requires": {"provider_name": "b"}},
        {
            "match": {"path": "/scoped"}, "requires": {"provider_name": "a"},
            "authorize": {"scopes": {"any_of": ["x"]}},
        },
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    let value = format!("Bearer {}", token("a", json!({})));
    let headers = [("authorization", value.as_str())];
    for (path, expected) in [
        ("/", "verified"),
        ("/other", "audience"),
        ("/b", "issuer"),
        ("/scoped", "insufficient_scope"),
        ("/", "verified"),
    ] {
        assert_eq!(label(&decide(&engine, path, &headers)), expected, "{path}");
    }
}

/// A cached token of one provider is not accepted by another provider.
#[test]
fn keeps_the_tokens_of_each_provider_apart() {
    let mut twin = provider("a", &OTHER_SECRET);
    twin["shared_secrets"][0]["kid"] = json!("a");
    let engine = engine(json!({
        "providers": {"b": twin},
        "rules": [
            {"match": {"path": "/b"}, "requires": {"provider_name": "b"}},
            {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
        ],
    }));
    let value = format!("Bearer {}", token("a", json!({})));
    let headers = [("authorization", value.as_str())];
    assert_eq!(label(&decide(&engine, "/", &headers)), "verified");
    assert_eq!(label(&decide(&engine, "/b", &headers)), "bad_signature");
}

#[test]
fn the_cache_is_off_or_bounded_as_configured() {
    for (settings, hits) in [
        (json!(null), 1),
        (json!({}), 1),
        (json!({"jwt_cache_size": 0, "jwt_max_token_size": 0}), 1),
        (json!({"jwt_max_token_size": 20}), 0),
        (json!({"disabled": true, "jwt_cache_size": 5}), 0),
    ] {
        let mut own = provider("a", &SECRET);
        own["jwt_cache_config"] = settings.clone();
        let engine = engine(json!({"providers": {"a": own}}));
        let good = token("a", json!({}));
        assert_eq!(at(&engine, &good, 0).0, "verified");
        let (label, (found, _)) = at(&engine, &good, 0);
        assert_eq!((label, found), ("verified", hits), "{settings}");
    }
}

/// If a key is removed from the key set, only tokens that were signed with that key become invalid.
/// The order of the keys does not matter.
#[test]
fn forgets_a_token_whose_key_is_gone() {
    let ed25519 = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "a",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let signer = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let own = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "a",
        "x": base64url::encode(signer.verifying_key().as_bytes()),
    });
    let mut remote = provider("a", &SECRET);
    remote["shared_secrets"] = json!(null);
    remote["remote_jwks"] = json!({"http_uri": {
        "uri": "https://a.example/jwks", "cluster": "a", "timeout": "1s",
    }});
    let mut engine = engine(json!({"providers": {"a": remote}}));
    let claims = json!({
        "iss": "https://a.example", "aud": "orders", "sub": "s", "exp": NOW + 300,
    });
    let input = [json!({"alg": "EdDSA", "kid": "a"}), claims]
        .map(|part| base64url::encode(part.to_string().as_bytes()))
        .join(".");
    let signature = ed25519_dalek::Signer::sign(&signer, input.as_bytes());
    let good = format!("{input}.{}", base64url::encode(&signature.to_bytes()));
    for (keys, expected, hits) in [
        (vec![&own], "verified", 0),
        (vec![&own], "verified", 1),
        (vec![&ed25519, &own], "verified", 1),
        (vec![&own], "verified", 1),
        (vec![&ed25519], "bad_signature", 0),
        (vec![&own], "verified", 0),
        (vec![&own], "verified", 1),
    ] {
        let document = json!({"keys": keys}).to_string();
        let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
        engine
            .keys_mut()
            .preload(ProviderId::new(0), document.as_bytes(), now)
            .unwrap();
        let (label, (found, _)) = at(&engine, &good, 0);
        assert_eq!((label, found), (expected, hits), "{keys:?}");
    }
}
