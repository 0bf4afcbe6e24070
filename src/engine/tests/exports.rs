//! Tests of the filter-state entries for other filters.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::decision::StateEntry;

fn exporting(name: &str, secret: &[u8]) -> Value {
    let mut own = provider(name, secret);
    merge(
        &mut own,
        json!({
            "payload_in_metadata": "payload",
            "header_in_metadata": "header",
            "failed_status_in_metadata": format!("failed.{name}"),
            "normalize_payload_in_metadata": {"space_delimited_claims": ["scope"]},
        }),
    );
    own
}

fn exports(decision: Decision) -> Vec<(String, Value)> {
    let entries = match decision {
        Decision::Permit(permit) => permit.exports,
        Decision::Deny(denial) => denial.exports,
        Decision::AwaitKeys(_) | Decision::Report(_) | Decision::Serve(_) => {
            panic!("no decision")
        }
    };
    let read = |entry: StateEntry| {
        let value = serde_json::from_str(&entry.value.text()).unwrap();
        (entry.key.as_str().to_owned(), value)
    };
    entries.into_iter().map(read).collect()
}

#[test]
fn exports_the_verified_header_and_payload() {
    let engine = engine(json!({"providers": {"a": exporting("a", &SECRET)}}));
    let decision = bearer(&engine, &token("a", json!({"scope": "r w"})));
    let payload = json!({
        "iss": "https://a.example", "aud": "orders", "sub": "s", "exp": NOW + 300,
        "scope": ["r", "w"],
    });
    assert_eq!(
        exports(decision),
        [
            (
                "portcullis.header".to_owned(),
                json!({"alg": "HS256", "kid": "a"})
            ),
            ("portcullis.payload".to_owned(), payload),
        ]
    );
}

#[test]
fn exports_why_a_token_failed_and_none_of_its_claims() {
    let engine = engine(json!({"providers": {"a": exporting("a", &SECRET)}}));
    for (token, code, message) in [
        (token("a", json!({"exp": NOW - 999})), 3, "expired"),
        (token("a", json!({"nbf": NOW + 999})), 2, "not_yet_valid"),
        (token("b", json!({})), 24, "issuer"),
        (token("a", json!({"aud": "x"})), 25, "audience"),
        (
            token("b", json!({"iss": "https://a.example"})),
            32,
            "unknown_key",
        ),
        ("x.y.z".to_owned(), 4, "malformed_token"),
    ] {
        let expected = json!({"code": code, "message": message});
        assert_eq!(
            exports(bearer(&engine, &token)),
            [("portcullis.failed.a".to_owned(), expected)]
        );
    }
    // As in `jwt_authn`, a missing token is not reported as a failed token.
    assert_eq!(exports(decide(&engine, "/", &[])), []);
    let twice = decide(
        &engine,
        "/?access_token=x",
        &[("authorization", "Bearer x")],
    );
    let several = json!({"code": 27, "message": "several_credentials"});
    assert_eq!(
        exports(twice),
        [("portcullis.failed.a".to_owned(), several)]
    );
}

/// A later filter may trust the entry `auth`. A client must not be able to replace it by sending a
/// malformed token too.
#[test]
fn a_failed_token_does_not_replace_the_entry_of_a_verified_one() {
    let places = |name: &str, field: &str, header: &str| {
        let mut own = provider(name, &SECRET);
        merge(
            &mut own,
            json!({field: "auth", "from_headers": [{"name": header}]}),
        );
        own
    };
    let engine = engine(json!({
        "providers": {
            "a": places("a", "payload_in_metadata", "x-a"),
            "b": places("b", "failed_status_in_metadata", "x-b"),
        },
        "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": [
            {"provider_name": "b"}, {"provider_name": "a"},
        ]}}}],
    }));
    let good = token("a", json!({}));
    let decision = decide(&engine, "/", &[("x-a", &good), ("x-b", "x.y.z")]);
    assert_eq!(label(&decision), "verified");
    let entries = exports(decision);
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].0, "portcullis.auth");
    assert_eq!(entries[0].1["sub"], "s");
}

#[test]
fn exports_a_failure_even_if_another_requirement_holds() {
    let engine = engine(json!({
        "providers": {"a": exporting("a", &SECRET)},
        "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": [
            {"provider_name": "a"}, {"provider_name": "b"}, {"allow_missing_or_failed": {}},
        ]}}}],
    }));
    let failed = |code: u8, message: &str| {
        let expected = json!({"code": code, "message": message});
        vec![("portcullis.failed.a".to_owned(), expected)]
    };
    let verified = bearer(&engine, &token("b", json!({})));
    assert_eq!(label(&verified), "verified");
    assert_eq!(exports(verified), failed(24, "issuer"));
    let lenient = bearer(&engine, "x.y.z");
    assert_eq!(label(&lenient), "lenient");
    let entries = exports(lenient);
    assert!(
        entries
            .iter()
            .all(|entry| *entry == failed(4, "malformed_token")[0])
            && !entries.is_empty()
    );
}

#[test]
fn exports_in_shadow_mode_the_reason_and_no_identity() {
    let engine = engine(json!({
        "providers": {"a": exporting("a", &SECRET)},
        "mode": "shadow",
    }));
    let decision = bearer(&engine, &token("a", json!({"exp": NOW - 999})));
    assert_eq!(label(&decision), "shadow");
    let expected = json!({"code": 3, "message": "expired"});
    assert_eq!(
        exports(decision),
        [("portcullis.failed.a".to_owned(), expected)]
    );
}

#[test]
fn clears_the_route_cache_only_if_another_route_could_match() {
    for (extra, clears) in [
        (json!({}), false),
        (json!({"clear_route_cache": true}), false),
        (json!({"payload_in_metadata": "p"}), false),
        (
            json!({"clear_route_cache": true, "payload_in_metadata": "p"}),
            true,
        ),
        (
            json!({"clear_route_cache": true, "header_in_metadata": "p"}),
            false,
        ),
        (
            json!({
                "clear_route_cache": true,
                "claim_to_headers": [{"header_name": "x-user", "claim_name": "sub"}],
            }),
            true,
        ),
        (
            json!({
                "clear_route_cache": true,
                "claim_to_headers": [{"header_name": "x-none", "claim_name": "none"}],
            }),
            false,
        ),
    ] {
        let mut own = provider("a", &SECRET);
        merge(&mut own, extra.clone());
        let engine = engine(json!({"providers": {"a": own}}));
        let Decision::Permit(permit) = bearer(&engine, &token("a", json!({}))) else {
            panic!("refused")
        };
        assert_eq!(permit.clears_route_cache, clears, "{extra}");
    }
}
