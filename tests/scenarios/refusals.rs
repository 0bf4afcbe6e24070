//! Refusals of requests that need a token: the status, the challenge, the body and the counter for
//! each reason.

use portcullis::decision::Reason;
use serde_json::{Value, json};

use crate::world::{
    claims, configuration, get, local_provider, remote_provider, signer, start, token_with,
};
use support::{
    driver::{Driver, Request, Setup},
    objects::with,
    on_every_driver,
    signer::{Pair, Signer},
};

on_every_driver!(
    each_refusal_is_answered_as_rfc_6750_says,
    each_refusal_counts_once_under_its_reason,
);

/// A request that the gate refuses, and the expected answer.
struct Refusal {
    request: Request,
    status: u16,
    /// The error code of RFC 6750 section 3.1; `None` if there is no token, or if the keys are
    /// missing.
    error: Option<&'static str>,
    reason: Reason,
}

/// A gate with many requirements, so that all reasons in this file can occur.
fn demanding<D: Driver>(signer: &Signer) -> D {
    let provider = with(
        local_provider(signer),
        &json!({
            "client_ids": ["app"],
            "subjects": { "prefix": "a" },
            "require_claims": [{ "claim": "use", "any_of": ["access"] }],
            "max_lifetime": "3600s",
            "revoked": { "jti": ["stolen"] },
        }),
    );
    let disabled = with(local_provider(signer), &json!({ "enabled": false }));
    let mut absent = remote_provider();
    absent["remote_jwks"]["http_uri"]["cluster"] = json!("nowhere");
    let rule = |path: &str, provider: &str, authorize: Value| {
        let rule = json!({
            "match": { "path": path },
            "requires": { "provider_name": provider },
        });
        with(rule, &json!({ "authorize": authorize }))
    };
    let scopes = json!({ "scopes": { "any_of": ["read", "write"] } });
    let claim = json!({ "claims": [{ "claim": "org", "any_of": ["o-1"] }] });
    let mut config = configuration(&provider);
    config["realm"] = json!("orders");
    config["providers"]["disabled"] = disabled;
    config["providers"]["absent"] = absent;
    config["limits"] = json!({ "token_bytes": 4096 });
    config["rules"] = json!([
        rule("/", "login", Value::Null),
        rule("/scope", "login", scopes),
        rule(
            "/role",
            "login",
            json!({ "roles": { "any_of": ["admin"] } })
        ),
        rule("/claim", "login", claim),
        rule("/client", "login", json!({ "client_ids": ["back-office"] })),
        rule("/disabled", "disabled", Value::Null),
        rule("/absent", "absent", Value::Null),
    ]);
    start(&Setup::new(config))
}

/// Claims that the gate accepts at `/`.
fn good() -> Value {
    json!({ "client_id": "app", "use": "access", "sub": "alice" })
}

fn refusals(gate: &impl Driver, signer: &Signer) -> Vec<Refusal> {
    let groups = [
        (401, None, without_token()),
        (400, Some("invalid_request"), bad_requests(gate, signer)),
        (
            414,
            Some("invalid_request"),
            vec![(Request::get(&"/a".repeat(4097)), Reason::PathTooLong)],
        ),
        (401, Some("invalid_token"), bad_tokens(gate, signer)),
        (401, Some("invalid_token"), bad_claims(gate, signer)),
        (403, Some("insufficient_scope"), shortfalls(gate, signer)),
        (
            503,
            None,
            vec![(
                Request::get("/absent").bearer(token_with(gate, signer, &good())),
                Reason::KeysUnavailable,
            )],
        ),
    ];
    let groups = groups.into_iter();
    let refusals = groups.flat_map(|(status, error, cases)| {
        cases.into_iter().map(move |(request, reason)| Refusal {
            request,
            status,
            error,
            reason,
        })
    });
    refusals.collect()
}

fn without_token() -> Vec<(Request, Reason)> {
    let basic = Request::get("/").header("authorization", "Basic YTpi");
    vec![
        (Request::get("/"), Reason::MissingCredential),
        (basic, Reason::MissingCredential),
    ]
}

fn bad_requests(gate: &impl Driver, signer: &Signer) -> Vec<(Request, Reason)> {
    let token = token_with(gate, signer, &good());
    let empty = Request::get("/").header("authorization", "Bearer");
    let twice = Request::get("/").bearer(&token).bearer(&token);
    let two_hosts = Request {
        authority: "a.example,b.example".to_owned(),
        ..Request::get("/").bearer(&token)
    };
    vec![
        (empty, Reason::MalformedCredential),
        (twice, Reason::SeveralCredentials),
        (Request::get("/a%2fb").bearer(&token), Reason::AmbiguousPath),
        (two_hosts, Reason::AmbiguousAuthority),
    ]
}

/// Malformed tokens, and tokens with a wrong header or signature.
fn bad_tokens(gate: &impl Driver, signer: &Signer) -> Vec<(Request, Reason)> {
    let with_header = |header: Value| signer.token(&header, &with(claims(gate, "alice"), &good()));
    let kid = json!(signer.kid);
    let hmac = with_header(json!({ "alg": "HS256", "kid": kid }));
    let dpop = with_header(json!({ "alg": "ES256", "typ": "dpop+jwt", "kid": kid }));
    let unknown = with_header(json!({ "alg": "ES256", "kid": "other" }));
    let forged = token_with(gate, &Signer::with_pair(signer.alg, Pair::Other), &good());
    let bearer = |path: &str, token: &str| Request::get(path).bearer(token);
    vec![
        (bearer("/", "junk"), Reason::MalformedToken),
        (bearer("/", &"a.".repeat(2049)), Reason::TokenTooLarge),
        (bearer("/", &hmac), Reason::Algorithm),
        (bearer("/", &dpop), Reason::TokenType),
        (bearer("/", &unknown), Reason::UnknownKey),
        (bearer("/", &forged), Reason::BadSignature),
        // The signature is checked before the scopes, so a forger does not learn what a rule
        // requires.
        (bearer("/scope", &forged), Reason::BadSignature),
    ]
}

/// Correctly signed tokens with wrong claims.
fn bad_claims(gate: &impl Driver, signer: &Signer) -> Vec<(Request, Reason)> {
    let now = gate.now();
    let cases = [
        (json!({ "iss": "https://evil.example" }), Reason::Issuer),
        (json!({ "aud": "other" }), Reason::Audience),
        (json!({ "exp": now - 100 }), Reason::Expired),
        (json!({ "nbf": now + 1000 }), Reason::NotYetValid),
        (json!({ "exp": now + 7200 }), Reason::Lifetime),
        (json!({ "sub": "bob" }), Reason::Subject),
        (json!({ "client_id": "other" }), Reason::Client),
        (json!({ "use": "id" }), Reason::Claim),
        (json!({ "jti": "stolen" }), Reason::Revoked),
        (json!({ "cnf": { "jkt": "x" } }), Reason::Confirmation),
        (json!({ "sub": "a\r\nx-role: admin" }), Reason::HeaderValue),
    ];
    let request = |changes: &Value| {
        let token = token_with(gate, signer, &with(good(), changes));
        Request::get("/").bearer(token)
    };
    let cases = cases.into_iter();
    let cases = cases.map(|(changes, reason)| (request(&changes), reason));
    let disabled = Request::get("/disabled").bearer(token_with(gate, signer, &good()));
    cases
        .chain([(disabled, Reason::ProviderDisabled)])
        .collect()
}

/// Requests with a good token that lacks a scope, a role or another right.
fn shortfalls(gate: &impl Driver, signer: &Signer) -> Vec<(Request, Reason)> {
    let token = token_with(gate, signer, &good());
    let cases = [
        ("/scope", Reason::InsufficientScope),
        ("/role", Reason::InsufficientRole),
        ("/claim", Reason::InsufficientClaim),
        ("/client", Reason::InsufficientClient),
        ("/nowhere", Reason::Unmatched),
    ];
    let cases = cases.into_iter();
    let cases = cases.map(|(path, reason)| (Request::get(path).bearer(&token), reason));
    cases.collect()
}

/// The status, the challenge and the body must agree, and must not contain any part of the token.
fn each_refusal_is_answered_as_rfc_6750_says<D: Driver>() {
    let signer = signer();
    let gate: D = demanding(&signer);
    for refusal in refusals(&gate, &signer) {
        let exchange = gate.send(&refusal.request);
        let label = refusal.reason.label();
        assert_eq!(exchange.outcome(), (refusal.status, label));
        assert!(exchange.upstream.is_none(), "{label}");
        let header = |name: &str| exchange.headers.value(name);
        assert_eq!(header("www-authenticate"), challenge(&refusal), "{label}");
        let retry_after = header("retry-after").map(|text| text.parse::<u64>().unwrap());
        assert_eq!(retry_after > Some(0), refusal.status == 503, "{label}");
        assert_eq!(header("cache-control").as_deref(), Some("no-store"));
        assert_eq!(header("content-type").as_deref(), Some("application/json"));
        let body: Value = serde_json::from_slice(&exchange.body).unwrap();
        assert!(body["error"].is_string(), "{label}");
        assert!(body["error_description"].is_string(), "{label}");
        if let Some(error) = refusal.error {
            assert_eq!(body["error"], error, "{label}");
        }
        assert!(!String::from_utf8_lossy(&exchange.body).contains("alice"));
    }
    let token = token_with(&gate, &signer, &good());
    assert_eq!(get(&gate, "/", &token).status, 200);
}

/// The expected challenge. There is none if the fault is in the path or the host, or if the keys
/// are missing, because another credential would not help.
fn challenge(refusal: &Refusal) -> Option<String> {
    let rest = match (refusal.reason, refusal.error) {
        (Reason::AmbiguousPath | Reason::AmbiguousAuthority | Reason::PathTooLong, _) => {
            return None;
        }
        (Reason::KeysUnavailable, _) => return None,
        (Reason::InsufficientScope, _) => {
            r#", error="insufficient_scope", scope="read write""#.to_owned()
        }
        (_, Some(error)) => format!(r#", error="{error}""#),
        (_, None) => String::new(),
    };
    Some(format!(r#"Bearer realm="orders"{rest}"#))
}

/// Each refusal increases one counter by one, and leaves all other counters unchanged.
fn each_refusal_counts_once_under_its_reason<D: Driver>() {
    let signer = signer();
    let gate: D = demanding(&signer);
    let counted = || {
        let metric = |label: &str| gate.metric(&format!("portcullis.{label}")).unwrap_or(0);
        let denied = Reason::ALL.map(|reason| metric(&format!("denied.{}", reason.label())));
        (metric("allowed"), denied)
    };
    for Refusal {
        request, reason, ..
    } in refusals(&gate, &signer)
    {
        let (allowed, before) = counted();
        gate.send(&request);
        gate.wait_until(reason.label(), || counted() != (allowed, before));
        let (still, after) = counted();
        assert_eq!(still, allowed, "{reason:?}");
        for ((other, before), after) in Reason::ALL.iter().zip(before).zip(after) {
            let expected = before + u64::from(*other == reason);
            assert_eq!(after, expected, "{reason:?}: {other:?}");
        }
    }
}
