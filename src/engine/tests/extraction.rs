//! Tests of forwarding unverified claims.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// An engine with the providers `a` and `b`. Both forward the token's subject in a header, and
/// export the payload.
fn extracting(requires: &Value) -> Engine {
    let naming = |name: &str, secret: &[u8]| {
        let mut own = provider(name, secret);
        merge(
            &mut own,
            json!({
                "claim_to_headers": [{"header_name": format!("x-user-{name}"), "claim_name": "sub"}],
                "payload_in_metadata": "payload",
            }),
        );
        own
    };
    engine(json!({
        "providers": {"a": naming("a", &SECRET), "b": naming("b", &OTHER_SECRET)},
        "rules": [{"match": {"prefix": "/"}, "requires": requires}],
    }))
}

fn unverified() -> HeaderEdit {
    set("x-jwt-signature-verified", "false")
}

#[test]
fn forwards_claims_of_any_readable_token_marked_as_unverified() {
    let engine = extracting(&json!({"extract_only_without_validation": {}}));
    for (token, edited) in [
        (
            token("a", json!({})),
            vec![set("x-user-a", "s"), unverified()],
        ),
        (
            token("a", json!({"exp": 1, "aud": "x"})),
            vec![set("x-user-a", "s"), unverified()],
        ),
        // The token's `iss` determines the provider, even if the key of another provider signed the
        // token.
        (
            token("a", json!({"iss": "https://b.example"})),
            vec![set("x-user-b", "s"), unverified()],
        ),
        // The token's `iss` is unknown, so the first provider that reads this header is used.
        (
            token("a", json!({"iss": "x"})),
            vec![set("x-user-a", "s"), unverified()],
        ),
        (token("a", json!({"sub": "x\r\ny: z"})), vec![unverified()]),
        ("x.y.z".to_owned(), vec![unverified()]),
        ("\u{1}".to_owned(), vec![unverified()]),
    ] {
        let decision = bearer(&engine, &token);
        assert_eq!(label(&decision), "lenient");
        let Decision::Permit(permit) = decision else {
            panic!("refused")
        };
        assert_eq!(permit.edits, edited);
        assert_eq!((permit.exports, permit.provider), (vec![], None));
    }
    assert_eq!(edits(decide(&engine, "/", &[])), []);
}

#[test]
fn removes_a_marker_that_the_client_sent() {
    let engine = extracting(&json!({"extract_only_without_validation": {}}));
    let sent = [("x-jwt_signature-verified", "true")];
    let decision = decide(&engine, "/", &sent);
    assert_eq!(edits(decision), [remove("x-jwt_signature-verified")]);
}

#[test]
fn names_the_marker_as_configured_or_omits_it() {
    for (header, edited) in [
        (
            "x-forged",
            vec![set("x-user-a", "s"), set("x-forged", "false")],
        ),
        ("-", vec![set("x-user-a", "s")]),
    ] {
        let engine = extracting(
            &json!({"extract_only_without_validation": {"verification_status_header": header}}),
        );
        assert_eq!(edits(bearer(&engine, &token("a", json!({})))), edited);
    }
}

#[test]
fn never_mixes_unverified_claims_into_a_verified_identity() {
    for requires in [
        json!({"requires_any": {"requirements": [
            {"extract_only_without_validation": {}}, {"provider_name": "a"},
        ]}}),
        json!({"requires_all": {"requirements": [
            {"extract_only_without_validation": {}}, {"allow_missing_or_failed": {}},
        ]}}),
    ] {
        let engine = extracting(&requires);
        let decision = bearer(&engine, &token("a", json!({})));
        assert_eq!(label(&decision), "verified");
        assert_eq!(
            edits(decision),
            [set("x-user-a", "s"), remove("authorization")]
        );
        let forged = bearer(&engine, &token("b", json!({"iss": "https://a.example"})));
        assert_eq!(label(&forged), "lenient");
        assert_eq!(edits(forged), [set("x-user-a", "s"), unverified()]);
    }
}

#[test]
fn does_not_choose_between_two_credentials() {
    let engine = extracting(&json!({"extract_only_without_validation": {}}));
    let two = decide(
        &engine,
        "/?access_token=x",
        &[("authorization", "Bearer x")],
    );
    assert_eq!(label(&two), "several_credentials");
}
