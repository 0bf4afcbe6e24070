//! Tests of revoked tokens, clients and subjects.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn revoking(name: &str, secret: &[u8], revoked: Value) -> Value {
    let mut own = provider(name, secret);
    own["revoked"] = revoked;
    own
}

fn gate(revoked: Value) -> Engine {
    engine(json!({"providers": {"a": revoking("a", &SECRET, revoked)}}))
}

#[test]
fn refuses_what_is_listed_and_nothing_else() {
    let engine = gate(json!({
        "jti": ["z", "t-1", "T-2"],
        "client_ids": ["c-1"],
        "issued_before": {"s": NOW - 100, "other": NOW + 100},
    }));
    let recent = json!({"iat": NOW - 100});
    for (claims, expected) in [
        (json!({"jti": "t-1"}), "revoked"),
        (json!({"jti": "t-3"}), "verified"),
        (json!({"jti": "T-1"}), "verified"),
        (json!({"jti": "t-1 "}), "verified"),
        (json!({"jti": ""}), "verified"),
        (json!({"client_id": "c-1"}), "revoked"),
        (json!({"cid": "c-1"}), "revoked"),
        (json!({"azp": "c-1"}), "revoked"),
        (json!({"appid": "c-1"}), "revoked"),
        (json!({"client_id": "c-2"}), "verified"),
        // A token is refused if it names two different clients, or if its client identifier is not
        // a string.
        (json!({"client_id": "c-2", "azp": "c-1"}), "client"),
        (json!({"client_id": ["c-1"]}), "client"),
        (json!({"client_id": null}), "client"),
        (json!({"iat": NOW - 101}), "revoked"),
        (json!({"iat": NOW as f64 - 100.5}), "revoked"),
        (json!({"iat": 0}), "revoked"),
        (json!({"iat": NOW}), "verified"),
        // A cut-off time may be in the future. It revokes all tokens that were issued before it.
        (json!({"sub": "other", "iat": NOW}), "revoked"),
        (json!({"sub": "third", "iat": 0}), "verified"),
        (json!({"sub": "S", "iat": 0}), "verified"),
    ] {
        let mut all = recent.clone();
        merge(&mut all, claims.clone());
        let decision = bearer(&engine, &token("a", all));
        assert_eq!(label(&decision), expected, "{claims}");
    }
    // The age of a token without `iat` is unknown. Such a token is refused only if its subject has
    // a cut-off time.
    assert_eq!(label(&bearer(&engine, &token("a", json!({})))), "revoked");
    let other = token("a", json!({"sub": "third"}));
    assert_eq!(label(&bearer(&engine, &other)), "verified");
}

#[test]
fn a_revoked_token_gets_the_answer_of_any_invalid_token() {
    let engine = gate(json!({"jti": ["t-1"]}));
    let revoked = bearer(&engine, &token("a", json!({"jti": "t-1"})));
    let forged = bearer(&engine, &token("a", json!({"iss": "https://b.example"})));
    let (Decision::Deny(revoked), Decision::Deny(forged)) = (revoked, forged) else {
        panic!("let in")
    };
    let (revoked, forged) = (engine.response(&revoked), engine.response(&forged));
    assert_eq!(revoked.status, 401);
    assert_eq!(revoked.details, "portcullis_denied{revoked}");
    assert_eq!(
        (revoked.headers, revoked.body),
        (forged.headers, forged.body)
    );
}

/// Each engine has its own cache. So an entry in the previous engine's cache cannot make the new
/// engine accept the token.
#[test]
fn revokes_a_token_that_verified_under_the_previous_configuration() {
    let good = token("a", json!({"jti": "t-1", "client_id": "c-1", "iat": NOW}));
    let before = gate(json!({}));
    for _ in 0..2 {
        assert_eq!(label(&bearer(&before, &good)), "verified");
    }
    for revoked in [
        json!({"jti": ["t-1"]}),
        json!({"client_ids": ["c-1"]}),
        json!({"issued_before": {"s": NOW + 1}}),
    ] {
        let after = gate(revoked.clone());
        for _ in 0..2 {
            assert_eq!(label(&bearer(&after, &good)), "revoked", "{revoked}");
        }
    }
    assert_eq!(label(&bearer(&gate(json!({})), &good)), "verified");
}

#[test]
fn no_other_requirement_admits_a_revoked_token() {
    let revoked = || json!({"jti": ["t-1"]});
    let bad = token("a", json!({"jti": "t-1"}));
    let any = |members: Value| json!({"requires_any": {"requirements": members}});
    for (requires, expected) in [
        (json!({"provider_name": "a"}), "revoked"),
        (json!({"allow_missing": {}}), "revoked"),
        // The request passes, but without an identity.
        (json!({"allow_missing_or_failed": {}}), "lenient"),
        (
            any(json!([{"provider_name": "a"}, {"provider_name": "b"}])),
            "revoked",
        ),
        (
            any(json!([{"provider_name": "a"}, {"allow_missing": {}}])),
            "revoked",
        ),
        (
            json!({"provider_and_audiences": {"provider_name": "a", "audiences": ["orders"]}}),
            "revoked",
        ),
    ] {
        let mut own = revoking("a", &SECRET, revoked());
        own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
        let engine = engine(json!({
            "providers": {"a": own},
            "rules": [{"match": {"prefix": "/"}, "requires": requires}],
        }));
        let decision = bearer(&engine, &bad);
        assert_eq!(label(&decision), expected, "{requires}");
        if expected == "lenient" {
            assert_eq!(edits(decision), []);
        }
    }
}

/// A `jti` is revoked for one provider only, because each issuer chooses its own `jti` values (RFC
/// 7519 section 4.1.7).
#[test]
fn revokes_tokens_of_one_provider_only() {
    let engine = engine(json!({
        "providers": {"a": revoking("a", &SECRET, json!({"jti": ["t-1"]}))},
        "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": [
            {"provider_name": "a"}, {"provider_name": "b"},
        ]}}}],
    }));
    for (name, expected) in [("a", "revoked"), ("b", "verified")] {
        let decision = bearer(&engine, &token(name, json!({"jti": "t-1"})));
        assert_eq!(label(&decision), expected, "{name}");
    }
}
