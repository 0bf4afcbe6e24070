//! Z17, Z20: answers and counters.

use portcullis::decision::Reason;
use serde_json::{Value, json};

use super::{outcome, token_with};
use crate::world::{claims, configuration, get, local_provider, signer, start, token};
use support::{
    driver::{Driver, Request, Setup},
    envoy::Envoy,
    in_envoy, on_both_drivers,
    signer::{Pair, Signer},
    upstream::{BODY, STATUS},
};

on_both_drivers!(
    z17_answer_for_each_reason,
    z20_each_attack_counts_once_under_its_reason,
);
in_envoy!(z17_answers_of_the_service_pass_untouched);

/// A gate that asks for much, so that much can be wrong.
fn demanding<D: Driver>(signer: &Signer) -> D {
    let mut provider = local_provider(signer);
    provider["client_ids"] = json!(["app"]);
    provider["subjects"] = json!({ "prefix": "a" });
    provider["require_claims"] = json!([{ "claim": "use", "any_of": ["access"] }]);
    provider["max_lifetime"] = json!("3600s");
    let mut disabled = local_provider(signer);
    disabled["enabled"] = json!(false);
    let mut absent = crate::world::remote_provider();
    absent["remote_jwks"]["http_uri"]["cluster"] = json!("nowhere");
    let mut config = configuration(&provider);
    config["providers"]["disabled"] = disabled;
    config["providers"]["absent"] = absent;
    config["limits"] = json!({ "token_bytes": 4096 });
    let rule = |path: &str, provider: &str, authorize: Value| {
        json!({
            "match": { "path": path },
            "requires": { "provider_name": provider },
            "authorize": authorize,
        })
    };
    config["rules"] = json!([
        rule("/", "login", Value::Null),
        rule(
            "/scope",
            "login",
            json!({ "scopes": { "any_of": ["read", "write"] } })
        ),
        rule(
            "/role",
            "login",
            json!({ "roles": { "any_of": ["admin"] } })
        ),
        rule(
            "/claim",
            "login",
            json!({ "claims": [{ "claim": "org", "any_of": ["o-1"] }] })
        ),
        rule("/client", "login", json!({ "client_ids": ["back-office"] })),
        rule("/disabled", "disabled", Value::Null),
        rule("/absent", "absent", Value::Null),
    ]);
    start(&Setup::new(config))
}

/// Requests that are refused, each with its status, error and reason.
fn attacks(
    gate: &impl Driver,
    signer: &Signer,
) -> Vec<(Request, u16, Option<&'static str>, Reason)> {
    let good = json!({ "client_id": "app", "use": "access", "sub": "alice" });
    let with = |changes: Value| {
        let mut claims = good.clone();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        token_with(gate, signer, &claims)
    };
    let good_token = with(json!({}));
    let of_claims = |header: Value| {
        let mut full = claims(gate, "alice");
        full["client_id"] = json!("app");
        full["use"] = json!("access");
        signer.token(&header, &full)
    };
    let kid = json!(signer.kid);
    let now = gate.now();
    let (request, token) = (Some("invalid_request"), Some("invalid_token"));
    let scope = Some("insufficient_scope");
    let bearer = |path: &str, token: &str| Request::get(path).bearer(token);
    let at = |path: &str| bearer(path, &good_token);
    let on_host = |authority: &str| Request {
        authority: authority.to_owned(),
        ..at("/")
    };
    let root = |changes: Value| bearer("/", &with(changes));
    let forger = Signer::with_pair(signer.alg, Pair::Other);
    vec![
        (Request::get("/"), 401, None, Reason::MissingCredential),
        (
            Request::get("/").header("authorization", "Basic YTpi"),
            401,
            None,
            Reason::MissingCredential,
        ),
        (
            Request::get("/").header("authorization", "Bearer"),
            400,
            request,
            Reason::MalformedCredential,
        ),
        (
            at("/").bearer(&good_token),
            400,
            request,
            Reason::SeveralCredentials,
        ),
        (at("/a%2fb"), 400, request, Reason::AmbiguousPath),
        (
            on_host("a.example,b.example"),
            400,
            request,
            Reason::AmbiguousAuthority,
        ),
        (at(&"/a".repeat(4097)), 414, request, Reason::PathTooLong),
        (bearer("/", "junk"), 401, token, Reason::MalformedToken),
        (
            bearer("/", &"a.".repeat(2049)),
            401,
            token,
            Reason::TokenTooLarge,
        ),
        (
            bearer("/", &of_claims(json!({ "alg": "HS256", "kid": kid }))),
            401,
            token,
            Reason::Algorithm,
        ),
        (
            bearer(
                "/",
                &of_claims(json!({ "alg": "ES256", "typ": "dpop+jwt", "kid": kid })),
            ),
            401,
            token,
            Reason::TokenType,
        ),
        (
            bearer("/", &of_claims(json!({ "alg": "ES256", "kid": "other" }))),
            401,
            token,
            Reason::UnknownKey,
        ),
        (
            bearer("/", &token_with(gate, &forger, &good)),
            401,
            token,
            Reason::BadSignature,
        ),
        (
            root(json!({ "iss": "https://evil.example" })),
            401,
            token,
            Reason::Issuer,
        ),
        (
            root(json!({ "aud": "other" })),
            401,
            token,
            Reason::Audience,
        ),
        (
            root(json!({ "exp": now - 100 })),
            401,
            token,
            Reason::Expired,
        ),
        (
            root(json!({ "nbf": now + 1000 })),
            401,
            token,
            Reason::NotYetValid,
        ),
        (
            root(json!({ "exp": now + 7200 })),
            401,
            token,
            Reason::Lifetime,
        ),
        (root(json!({ "sub": "bob" })), 401, token, Reason::Subject),
        (
            root(json!({ "client_id": "other" })),
            401,
            token,
            Reason::Client,
        ),
        (root(json!({ "use": "id" })), 401, token, Reason::Claim),
        (
            root(json!({ "cnf": { "jkt": "x" } })),
            401,
            token,
            Reason::Confirmation,
        ),
        (
            root(json!({ "sub": "a\r\nx-role: admin" })),
            401,
            token,
            Reason::HeaderValue,
        ),
        (at("/disabled"), 401, token, Reason::ProviderDisabled),
        (at("/scope"), 403, scope, Reason::InsufficientScope),
        (at("/role"), 403, scope, Reason::InsufficientRole),
        (at("/claim"), 403, scope, Reason::InsufficientClaim),
        (at("/client"), 403, scope, Reason::InsufficientClient),
        (at("/nowhere"), 403, scope, Reason::Unmatched),
        (at("/absent"), 503, None, Reason::KeysUnavailable),
    ]
}

/// Status, challenge and body say the same, and nothing of the token.
fn z17_answer_for_each_reason<D: Driver>() {
    let signer = signer();
    let gate: D = demanding(&signer);
    for (request, status, error, reason) in attacks(&gate, &signer) {
        let exchange = gate.send(&request);
        let label = reason.label();
        assert_eq!(outcome(&exchange), (status, label), "{request:?}");
        assert!(exchange.upstream.is_none(), "{label}");
        let header = |name: &str| exchange.headers.value(name);
        let challenge = header("www-authenticate");
        match (status, error) {
            (503, _) => {
                assert_eq!(challenge, None);
                assert!(header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
            }
            // Credentials would not help: the request itself is wrong.
            _ if is_about_the_request(reason) => assert_eq!(challenge, None),
            (_, None) => assert_eq!(challenge.as_deref(), Some(r#"Bearer realm="api""#)),
            (_, Some(error)) => {
                let start = format!(r#"Bearer realm="api", error="{error}""#);
                let rest = challenge.as_deref().unwrap().strip_prefix(&start).unwrap();
                let scopes = match reason {
                    Reason::InsufficientScope => r#", scope="read write""#,
                    _ => "",
                };
                assert_eq!(rest, scopes, "{label}");
            }
        }
        assert_eq!(
            header("cache-control").as_deref(),
            Some("no-store"),
            "{label}"
        );
        assert_eq!(header("content-type").as_deref(), Some("application/json"));
        let body: Value = serde_json::from_slice(&exchange.body).unwrap();
        assert!(body["error_description"].is_string(), "{label}");
        if let Some(error) = error {
            assert_eq!(body["error"], error, "{label}");
        }
        assert!(!String::from_utf8_lossy(&exchange.body).contains("alice"));
    }
}

const fn is_about_the_request(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::AmbiguousPath | Reason::AmbiguousAuthority | Reason::PathTooLong
    )
}

/// What the protected service refuses is its own answer.
fn z17_answers_of_the_service_pass_untouched() {
    let signer = signer();
    let gate: Envoy = start(&Setup::new(configuration(&local_provider(&signer))));
    let token = token(&gate, &signer, "alice");
    let plain = get(&gate, "/", &token);
    for status in ["401", "403", "429", "503"] {
        let request = Request::get("/").bearer(&token).header(STATUS, status);
        let exchange = gate.send(&request);
        assert_eq!(exchange.status.to_string(), status);
        assert_eq!(exchange.headers.value("retry-after").as_deref(), Some("7"));
        assert_eq!(exchange.body, BODY);
        for name in ["www-authenticate", "cache-control", "content-type"] {
            let own = plain.headers.value(name);
            assert_eq!(exchange.headers.value(name), own, "{status}: {name}");
        }
        assert_eq!(exchange.details, "via_upstream");
    }
    assert_eq!(gate.metric("portcullis.allowed"), Some(5));
}

/// One counter goes up by one, all others stand still.
fn z20_each_attack_counts_once_under_its_reason<D: Driver>() {
    let signer = signer();
    let gate: D = demanding(&signer);
    let counted = || {
        let metric = |label: &str| gate.metric(&format!("portcullis.{label}")).unwrap_or(0);
        let denied = Reason::ALL.map(|reason| metric(&format!("denied.{}", reason.label())));
        (metric("allowed"), denied)
    };
    for (request, _, _, reason) in attacks(&gate, &signer) {
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
