//! Tests of step-up authentication (RFC 9470), and of scopes that include other scopes. In the test
//! names, S1 to S3 are numbers of requirements in `docs/requirements.md`.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn gate(rest: Value) -> Engine {
    let mut config = json!({
        "providers": {"a": {"clock_skew_seconds": 10}},
        "rules": [{
            "match": {"prefix": "/"},
            "requires": {"provider_name": "a"},
            "authorize": {
                "scopes": {"all_of": ["pay"]},
                "roles": {"any_of": ["admin"]},
                "authentication": {"acr_values": ["phr", "phrh"], "max_age": "300s"},
            },
        }],
    });
    merge(&mut config, rest);
    engine(config)
}

fn challenge(engine: &Engine, decision: &Decision) -> String {
    let Decision::Deny(denial) = decision else {
        return label(decision).to_owned();
    };
    let response = engine.response(denial);
    let mut headers = response.headers.iter();
    let challenge = headers.find(|(name, _)| *name == "www-authenticate");
    format!(
        "{} {}",
        response.status,
        challenge.map_or("none", |(_, value)| value)
    )
}

/// The order of the checks: first the token (401), then the user's authentication (401 with a
/// step-up challenge), then the rights (403). The rows match the table in `docs/decisions.md`.
#[test]
fn s1_s3_a_refusal_names_the_first_thing_that_is_missing() {
    const REALM: &str = r#"Bearer realm="api""#;
    const STEP_UP: &str = r#"401 Bearer realm="api", error="insufficient_user_authentication", acr_values="phr phrh", max_age="300", scope="pay""#;
    let engine = gate(json!({}));
    let good = json!({"acr": "phr", "auth_time": NOW - 300, "scope": "pay", "roles": ["admin"]});
    let but = |changes: Value| {
        let mut claims = good.clone();
        merge(&mut claims, changes);
        Some(token("a", claims))
    };
    let forged = sign(
        &[9; 32],
        &json!({"alg": "HS256", "kid": "a"}),
        &json!({
            "iss": "https://a.example", "aud": "orders", "exp": NOW + 300,
        }),
    );
    for (token, expected) in [
        (None, format!("401 {REALM}")),
        (
            Some(forged),
            format!("401 {REALM}, error=\"invalid_token\""),
        ),
        (
            but(json!({"exp": NOW - 300, "acr": "low"})),
            format!("401 {REALM}, error=\"invalid_token\""),
        ),
        // The user's authentication is too weak or too old. Whether the token also lacks rights
        // makes no difference.
        (but(json!({"acr": "low"})), STEP_UP.to_owned()),
        (but(json!({"acr": null})), STEP_UP.to_owned()),
        (but(json!({"auth_time": NOW - 311})), STEP_UP.to_owned()),
        (
            but(json!({"auth_time": (NOW - 1).to_string()})),
            STEP_UP.to_owned(),
        ),
        (but(json!({"auth_time": null})), STEP_UP.to_owned()),
        (
            but(json!({"acr": "low", "scope": "x", "roles": []})),
            STEP_UP.to_owned(),
        ),
        (
            but(json!({"scope": "x"})),
            format!("403 {REALM}, error=\"insufficient_scope\", scope=\"pay\""),
        ),
        (
            but(json!({"roles": []})),
            format!("403 {REALM}, error=\"insufficient_scope\""),
        ),
        (but(json!({})), "verified".to_owned()),
        (
            but(json!({"acr": "phrh", "auth_time": NOW - 310})),
            "verified".to_owned(),
        ),
    ] {
        let value = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = value.iter().map(|own| ("authorization", &**own)).collect();
        // The second request uses the token's cache entry.
        for _ in 0..2 {
            let decision = decide(&engine, "/", &headers);
            assert_eq!(challenge(&engine, &decision), expected, "{headers:?}");
        }
    }
}

#[test]
fn s1_a_challenge_names_only_what_the_rule_requires() {
    for (authentication, expected) in [
        (json!({"max_age": "60s"}), r#"max_age="60""#),
        (json!({"acr_values": ["phr"]}), r#"acr_values="phr""#),
        (
            json!({"max_age": "0s", "acr_values": ["a", "b"]}),
            r#"acr_values="a b", max_age="0""#,
        ),
    ] {
        let engine = engine(json!({"rules": [{
            "match": {"prefix": "/"},
            "requires": {"provider_name": "a"},
            "authorize": {"authentication": authentication},
        }]}));
        let decision = bearer(&engine, &token("a", json!({})));
        assert_eq!(label(&decision), "authentication");
        assert_eq!(
            challenge(&engine, &decision),
            format!(
                r#"401 Bearer realm="api", error="insufficient_user_authentication", {expected}"#
            )
        );
    }
}

#[test]
fn s2_a_cached_token_grows_old() {
    let engine = gate(json!({"providers": {"a": {"clock_skew_seconds": 0}}}));
    let token = token(
        "a",
        json!({
            "acr": "phr", "auth_time": NOW, "scope": "pay", "roles": ["admin"], "exp": NOW + 3600,
        }),
    );
    let value = format!("Bearer {token}");
    let head = [
        (":method", "GET"),
        (":path", "/"),
        ("authorization", &value),
    ];
    let request = Request::new(header_bytes(&head));
    for (later, expected) in [
        (0, "verified"),
        (300, "verified"),
        (301, "authentication"),
        (10, "verified"),
    ] {
        let now = UnixMillis::new(u64::try_from(NOW + later).unwrap() * 1000);
        let decided = engine.decide(&request, None, now, Patience::Waiting, &NoConnection);
        assert_eq!(label(&decided.decision), expected, "{later}");
    }
}

#[test]
fn s1_a_challenge_below_a_resource_has_everything_in_one_header() {
    let engine = gate(json!({
        "protected_resources": [{"resource": "https://api.example/pay"}],
    }));
    let value = format!("Bearer {}", token("a", json!({})));
    let headers = [(":authority", "api.example"), ("authorization", &*value)];
    let decision = decide(&engine, "/pay", &headers);
    assert_eq!(
        challenge(&engine, &decision),
        r#"401 Bearer realm="api", error="insufficient_user_authentication", acr_values="phr phrh", max_age="300", scope="pay", resource_metadata="https://api.example/.well-known/oauth-protected-resource/pay""#
    );
}

#[test]
fn m5_a_broader_scope_is_enough() {
    let engine = engine(json!({
        "scope_implies": {"admin": ["write"], "write": ["read"]},
        "rules": [{
            "match": {"prefix": "/"},
            "requires": {"provider_name": "a"},
            "authorize": {"scopes": {"all_of": ["read"]}},
        }],
    }));
    for (scope, expected) in [
        ("read", "verified"),
        ("write", "verified"),
        ("x admin", "verified"),
        ("administrator", "insufficient_scope"),
        ("", "insufficient_scope"),
    ] {
        let decision = bearer(&engine, &token("a", json!({"scope": scope})));
        assert_eq!(label(&decision), expected, "{scope}");
    }
    let decision = bearer(&engine, &token("a", json!({})));
    assert_eq!(
        challenge(&engine, &decision),
        r#"403 Bearer realm="api", error="insufficient_scope", scope="read""#
    );
}
