//! Tests of clients that authenticate with a secret, alone or together with tokens.

use base64::{Engine as _, engine::general_purpose::STANDARD};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::verification::SecretHash;

pub(super) fn hash(secret: &str) -> String {
    SecretHash::new([3; 16], secret.as_bytes()).to_string()
}

/// An engine with three providers. `a` and `b` accept tokens, and the clients of `jobs` have
/// secrets.
fn gate(requires: &Value, rest: Value) -> Engine {
    let mut config = json!({
        "providers": {"jobs": {
            "client_secrets": {"clients": {
                "batch": {
                    "secret_hashes": [hash("old"), hash("new")],
                    "scopes": ["read", "write"],
                    "roles": ["worker"],
                },
                "off": {"secret_hashes": [hash("old")], "enabled": false},
                "ended": {"secret_hashes": [hash("old")], "expires_at": NOW},
            }},
            "claim_to_headers": [
                {"header_name": "x-client", "claim_name": "client_id"},
                {"header_name": "x-scope", "claim_name": "scope"},
            ],
            "payload_in_metadata": "client",
        }},
        "rules": [{"match": {"prefix": "/"}, "requires": requires}],
    });
    merge(&mut config, rest);
    engine(config)
}

fn jobs() -> Value {
    json!({"provider_name": "jobs"})
}

fn either() -> Value {
    json!({"requires_any": {"requirements": [{"provider_name": "a"}, jobs()]}})
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn send(engine: &Engine, authorization: &str) -> Decision {
    decide(engine, "/", &[("authorization", authorization)])
}

/// Returns the status and the challenges of the response.
fn answer(engine: &Engine, decision: &Decision) -> (u16, Vec<String>) {
    let Decision::Deny(denial) = decision else {
        panic!("{decision:?}")
    };
    let response = engine.response(denial);
    let challenges = response.headers.into_iter();
    let challenges = challenges.filter(|(name, _)| *name == "www-authenticate");
    (
        response.status,
        challenges.map(|(_, value)| value).collect(),
    )
}

const BEARER: &str = r#"Bearer realm="api""#;
const BASIC: &str = r#"Basic realm="api""#;

/// The refusals that a gate makes have the same challenge as those of the engine.
#[test]
fn a_refusal_for_a_gate_equals_the_decision_for_the_same_reason() {
    let scopes = r#"Bearer realm="api", error="insufficient_scope""#;
    let alone = json!({"providers": {"a": null, "b": null}});
    for (rest, expected) in [(alone, vec![]), (json!({}), vec![scopes.to_owned()])] {
        let engine = gate(&jobs(), rest);
        let request = Request::new(header_bytes(&[(":method", "GET"), (":path", "/")]));
        let policy = RoutePolicy::Unreadable;
        let (now, connection) = (UnixMillis::default(), &NoConnection);
        let decided = engine.decide(&request, Some(&policy), now, Patience::Waiting, connection);
        let refusal = Decision::Deny(engine.refusal(Reason::RoutePolicy, &request));
        assert_eq!(refusal, decided.decision);
        assert_eq!(answer(&engine, &refusal), (403, expected));
    }
}

#[test]
fn forwards_the_configured_claims_of_a_client() {
    let engine = gate(&jobs(), json!({}));
    for secret in ["old", "new"] {
        let Decision::Permit(permit) = send(&engine, &basic(&format!("batch:{secret}"))) else {
            panic!("{secret}")
        };
        assert_eq!(
            permit.edits,
            [
                set("x-client", "batch"),
                set("x-scope", "read write"),
                remove("authorization"),
            ]
        );
        assert_eq!(
            permit.exports[0].value.text(),
            r#"{"client_id":"batch","roles":["worker"],"scope":"read write","sub":"batch"}"#
        );
    }
}

#[test]
fn answers_every_bad_secret_alike() {
    let alone = gate(&jobs(), json!({}));
    let beside = gate(&either(), json!({}));
    for (pair, reason) in [
        ("batch:other", "bad_client_secret"),
        ("nobody:old", "bad_client_secret"),
        ("off:other", "bad_client_secret"),
        ("off:old", "client_disabled"),
        ("ended:old", "client_expired"),
    ] {
        for engine in [&alone, &beside] {
            let decision = send(engine, &basic(pair));
            assert_eq!(label(&decision), reason, "{pair}");
            assert_eq!(answer(engine, &decision), (401, vec![BASIC.to_owned()]));
            let Decision::Deny(denial) = decision else {
                panic!()
            };
            assert_eq!(
                engine.response(&denial).body,
                r#"{"error":"invalid_client","error_description":"The client or its secret is invalid"}"#
            );
        }
    }
}

#[test]
fn challenges_with_each_scheme_of_the_rule() {
    let (secrets, tokens) = (
        gate(&jobs(), json!({})),
        gate(&json!({"provider_name": "a"}), json!({})),
    );
    let both = gate(&either(), json!({}));
    let anyone = gate(&json!({"allow_missing": {}}), json!({}));
    let good_secret = basic("batch:old");
    for (engine, authorization, reason, challenges) in [
        (&secrets, "Digest x", "missing_credential", &[BASIC][..]),
        // A token does not satisfy a rule that needs a secret, and a secret does not satisfy a rule
        // that needs a token.
        (&secrets, "Bearer a.b.c", "missing_credential", &[BASIC]),
        (&tokens, &good_secret, "missing_credential", &[BEARER]),
        (&both, "Digest x", "missing_credential", &[BEARER, BASIC]),
        (
            &both,
            "Bearer a.b.c",
            "malformed_token",
            &[r#"Bearer realm="api", error="invalid_token""#],
        ),
        (&anyone, &basic("batch:x"), "bad_client_secret", &[BASIC]),
    ] {
        let decision = send(engine, authorization);
        assert_eq!(label(&decision), reason, "{authorization}");
        assert_eq!(answer(engine, &decision).1, challenges, "{authorization}");
    }
    let unmatched = gate(
        &jobs(),
        json!({"rules": [{"match": {"path": "/x"}, "requires": jobs()}]}),
    );
    let decision = decide(&unmatched, "/", &[]);
    assert_eq!(
        answer(&unmatched, &decision),
        (401, vec![BEARER.into(), BASIC.into()])
    );
    assert_eq!(label(&send(&unmatched, &good_secret)), "unmatched");
}

#[test]
fn refuses_two_schemes_at_once_and_malformed_pairs() {
    let (secrets, both) = (gate(&jobs(), json!({})), gate(&either(), json!({})));
    let pair = basic("batch:old");
    let lines = |second: &str| format!("{pair}, {second}");
    for (engine, path, authorization, reason) in [
        (&secrets, "/", lines(&pair), "several_credentials"),
        (&secrets, "/", lines("Bearer a.b.c"), "several_credentials"),
        (&both, "/", lines("Bearer a.b.c"), "several_credentials"),
        (
            &both,
            "/",
            format!("Bearer a.b.c, {pair}"),
            "several_credentials",
        ),
        (
            &both,
            "/?access_token=a.b.c",
            pair.clone(),
            "several_credentials",
        ),
        // The rule needs only the secret, so the token in the query is ignored.
        (&secrets, "/?access_token=a.b.c", pair.clone(), "verified"),
        (&secrets, "/", "Basic".to_owned(), "malformed_credential"),
        (&secrets, "/", basic("batch"), "malformed_credential"),
        (&secrets, "/", basic("batch:a\n"), "malformed_credential"),
        (&both, "/", "Basic !".to_owned(), "malformed_credential"),
        (&secrets, "/", pair.replace("Basic", "bASIC "), "verified"),
    ] {
        let decision = decide(engine, path, &[("authorization", &authorization)]);
        assert_eq!(label(&decision), reason, "{authorization}");
        if reason != "verified" {
            assert_eq!(answer(engine, &decision).0, 400, "{authorization}");
        }
    }
}

#[test]
fn combines_with_tokens_in_requirements() {
    let member = |lenient: &str| json!({"requires_any": {"requirements": [jobs(), {lenient: {}}]}});
    let token_in_header = json!({"providers": {"b": {"from_headers": [{"name": "x-b"}]}}});
    let all = json!({"requires_all": {"requirements": [jobs(), {"provider_name": "b"}]}});
    let all = gate(&all, token_in_header);
    let (missing, failed) = (
        gate(&member("allow_missing"), json!({})),
        gate(&member("allow_missing_or_failed"), json!({})),
    );
    let (good, bad) = (basic("batch:old"), basic("batch:x"));
    let b = token("b", json!({}));
    for (engine, headers, reason) in [
        (&missing, &[][..], "lenient"),
        (&missing, &[("authorization", &*good)], "verified"),
        (&missing, &[("authorization", &*bad)], "bad_client_secret"),
        (
            &missing,
            &[("authorization", "Basic !")],
            "malformed_credential",
        ),
        (&failed, &[("authorization", &*bad)], "lenient"),
        (&failed, &[("authorization", "Basic !")], "lenient"),
        (&failed, &[("authorization", &*good)], "verified"),
        (&all, &[("authorization", &*good)], "missing_credential"),
        (&all, &[("authorization", &*good), ("x-b", &*b)], "verified"),
        (
            &all,
            &[("authorization", &*bad), ("x-b", &*b)],
            "bad_client_secret",
        ),
    ] {
        assert_eq!(label(&decide(engine, "/", headers)), reason, "{headers:?}");
    }
    // If requests with failed credentials may pass, a bad secret stays in the request that the
    // upstream gets.
    assert_eq!(edits(send(&failed, &bad)), []);
    let token = bearer(&gate(&either(), json!({})), &token("a", json!({})));
    assert_eq!(label(&token), "verified");
}

#[test]
fn grants_the_configured_rights_of_a_client() {
    for (authorize, reason) in [
        (json!({"scopes": {"all_of": ["read", "write"]}}), "verified"),
        (
            json!({"scopes": {"any_of": ["admin"]}}),
            "insufficient_scope",
        ),
        (json!({"roles": {"any_of": ["worker"]}}), "verified"),
        (json!({"roles": {"any_of": ["boss"]}}), "insufficient_role"),
        (json!({"client_ids": ["batch"]}), "verified"),
        (json!({"client_ids": ["other"]}), "insufficient_client"),
        (
            json!({"claims": [{"claim": "sub", "any_of": ["batch"]}]}),
            "verified",
        ),
        (
            json!({"claims": [{"claim": "tenant", "any_of": ["a"]}]}),
            "insufficient_claim",
        ),
    ] {
        let rule =
            json!([{"match": {"prefix": "/"}, "requires": either(), "authorize": authorize}]);
        let engine = gate(&either(), json!({"rules": rule}));
        let decision = send(&engine, &basic("batch:new"));
        assert_eq!(label(&decision), reason, "{authorize}");
        if reason != "verified" {
            assert_eq!(answer(&engine, &decision), (403, vec![]), "{authorize}");
        }
    }
}

#[test]
fn disabled_provider_refuses_good_secrets() {
    let engine = gate(&jobs(), json!({"providers": {"jobs": {"enabled": false}}}));
    let decision = send(&engine, &basic("batch:old"));
    assert_eq!(label(&decision), "provider_disabled");
    assert_eq!(answer(&engine, &decision), (401, vec![BASIC.to_owned()]));
}

#[test]
fn bounds_the_credential_and_forwards_it_if_configured() {
    let engine = gate(&jobs(), json!({"limits": {"token_bytes": 40}}));
    let long = basic(&format!("batch:{}", "x".repeat(40)));
    assert_eq!(label(&send(&engine, &long)), "token_too_large");
    let engine = gate(&jobs(), json!({"providers": {"jobs": {"forward": true}}}));
    let edits = edits(send(&engine, &basic("batch:old")));
    assert!(!edits.contains(&remove("authorization")), "{edits:?}");
}

/// A rule that only extracts claims verifies nothing, so a client's secret yields no claims.
#[test]
fn extracts_nothing_from_a_secret() {
    let engine = gate(&json!({"extract_only_without_validation": {}}), json!({}));
    assert_eq!(
        edits(send(&engine, &basic("batch:old"))),
        [set("x-jwt-signature-verified", "false")]
    );
}

#[test]
fn only_records_in_shadow_mode() {
    let engine = gate(&jobs(), json!({"mode": "shadow"}));
    let Decision::Permit(permit) = send(&engine, &basic("batch:x")) else {
        panic!()
    };
    assert_eq!(permit.reason.shadowed(), Some(Reason::BadClientSecret));
}
