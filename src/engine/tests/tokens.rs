//! Tests of the reasons for which a token is refused.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn lets_a_good_token_pass_and_removes_it() {
    let decision = bearer(&engine(json!({})), &token("a", json!({})));
    assert_eq!(label(&decision), "verified");
    assert_eq!(edits(decision), [remove("authorization")]);
}

#[test]
fn says_why_a_token_is_refused() {
    let engine = engine(json!({}));
    for (extra, reason) in [
        (json!({"exp": NOW - 60}), "expired"),
        (json!({"exp": null}), "malformed_token"),
        (json!({"exp": (NOW + 300).to_string()}), "malformed_token"),
        (json!({"nbf": NOW + 61}), "not_yet_valid"),
        (json!({"iat": NOW + 61}), "not_yet_valid"),
        (json!({"aud": "order"}), "audience"),
        (json!({"aud": ["x", "orders"]}), "verified"),
        (json!({"aud": 7}), "malformed_token"),
        (json!({"iss": "https://b.example"}), "issuer"),
        (json!({"client_id": "x", "azp": "y"}), "client"),
        (json!({"client_id": "x", "azp": "x"}), "verified"),
        (json!({"cnf": {"jkt": "x"}}), "confirmation"),
    ] {
        let decision = bearer(&engine, &token("a", extra.clone()));
        assert_eq!(label(&decision), reason, "{extra}");
    }
}

#[test]
fn says_expired_only_after_a_good_signature() {
    let engine = engine(json!({}));
    let claims = json!({"iss": "https://a.example", "aud": "orders", "exp": NOW - 60});
    let forged = sign(&[9; 32], &json!({"alg": "HS256", "kid": "a"}), &claims);
    assert_eq!(label(&bearer(&engine, &forged)), "bad_signature");
}

#[test]
fn checks_the_header_of_a_token() {
    let engine = engine(json!({}));
    let claims = json!({"iss": "https://a.example", "aud": "orders", "exp": NOW + 300});
    for (header, reason) in [
        (json!({"alg": "HS256", "kid": "a"}), "verified"),
        (json!({"alg": "HS256"}), "verified"),
        (
            json!({"alg": "HS256", "kid": "a", "typ": "at+jwt"}),
            "verified",
        ),
        (
            json!({"alg": "HS256", "kid": "a", "typ": "dpop+jwt"}),
            "token_type",
        ),
        (json!({"alg": "HS256", "kid": ""}), "unknown_key"),
        (json!({"alg": "HS256", "kid": "c"}), "unknown_key"),
        (json!({"alg": "HS384", "kid": "a"}), "unknown_key"),
        (json!({"alg": "RS256", "kid": "a"}), "algorithm"),
        (json!({"alg": "none", "kid": "a"}), "algorithm"),
        (
            json!({"alg": "HS256", "kid": "a", "crit": ["x"], "x": 1}),
            "malformed_token",
        ),
    ] {
        assert_eq!(
            label(&bearer(&engine, &sign(&SECRET, &header, &claims))),
            reason,
            "{header}"
        );
    }
}

#[test]
fn refuses_tokens_over_the_limit() {
    let engine = engine(json!({"limits": {"token_bytes": 100}}));
    assert_eq!(
        label(&bearer(&engine, &token("a", json!({})))),
        "token_too_large"
    );
}
