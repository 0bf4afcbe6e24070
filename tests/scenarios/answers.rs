//! The table of answers: status, challenge and body for each case.

use serde_json::{Value, json};

use crate::world::{
    claims, configuration, forwarded_user, get, local_provider, publishing, remote_provider,
    signer, start, token, with_local_keys,
};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    on_both_drivers,
    signer::Pair,
};

on_both_drivers!(
    answers_each_case_as_rfc_6750_says,
    verifies_every_algorithm,
    maps_denials_of_grpc_requests,
    strips_the_failure_response_where_told,
    lets_preflight_requests_pass,
    only_records_in_shadow_mode,
    makes_no_request_wait_in_shadow_mode,
);

fn challenge(exchange: &Exchange) -> Option<String> {
    exchange.headers.value("www-authenticate")
}

fn answers_each_case_as_rfc_6750_says<D: Driver>() {
    let signer = signer();
    let mut config = configuration(&local_provider(&signer));
    config["rules"][0]["authorize"] = json!({ "scopes": { "all_of": ["read", "write"] } });
    config["realm"] = json!("orders");
    let gate: D = start(&Setup::new(config));
    let with = |extra: Value| {
        let mut claims = claims(&gate, "alice");
        claims["scope"] = json!("read write");
        for (name, value) in extra.as_object().unwrap() {
            claims[name] = value.clone();
        }
        signer.sign_claims(&claims)
    };
    let good = with(json!({}));
    let forged = support::signer::Signer::with_pair(signer.alg, Pair::Other);
    let bearer = |token: &str| Request::get("/").bearer(token);
    let missing = r#"Bearer realm="orders""#;
    let request = r#"Bearer realm="orders", error="invalid_request""#;
    let invalid = r#"Bearer realm="orders", error="invalid_token""#;
    let scope = r#"Bearer realm="orders", error="insufficient_scope", scope="read write""#;
    for (case, sent, status, expected, details) in [
        (
            "none",
            Request::get("/"),
            401,
            missing,
            "missing_credential",
        ),
        (
            "basic",
            Request::get("/").header("authorization", "Basic YTpi"),
            401,
            missing,
            "missing_credential",
        ),
        (
            "empty",
            Request::get("/").header("authorization", "Bearer"),
            400,
            request,
            "malformed_credential",
        ),
        (
            "two",
            bearer(&good).bearer(&good),
            400,
            request,
            "several_credentials",
        ),
        (
            "expired",
            bearer(&with(json!({ "exp": gate.now() - 100 }))),
            401,
            invalid,
            "expired",
        ),
        (
            "forged",
            bearer(&forged.sign_claims(&claims(&gate, "alice"))),
            401,
            invalid,
            "bad_signature",
        ),
        (
            "audience",
            bearer(&with(json!({ "aud": "other" }))),
            401,
            invalid,
            "audience",
        ),
        (
            "issuer",
            bearer(&with(json!({ "iss": "https://evil.example" }))),
            401,
            invalid,
            "issuer",
        ),
        (
            "early",
            bearer(&with(json!({ "nbf": gate.now() + 100 }))),
            401,
            invalid,
            "not_yet_valid",
        ),
        (
            "kid",
            bearer(
                &signer
                    .clone()
                    .named(Some("x"))
                    .sign_claims(&claims(&gate, "a")),
            ),
            401,
            invalid,
            "unknown_key",
        ),
        ("junk", bearer("junk"), 401, invalid, "malformed_token"),
        (
            "scope",
            bearer(&with(json!({ "scope": "read" }))),
            403,
            scope,
            "insufficient_scope",
        ),
    ] {
        let exchange = gate.send(&sent);
        assert_eq!(exchange.status, status, "{case}");
        assert_eq!(challenge(&exchange).as_deref(), Some(expected), "{case}");
        assert_eq!(
            exchange.details,
            format!("portcullis_denied{{{details}}}"),
            "{case}"
        );
        assert_eq!(
            exchange.headers.value("cache-control").as_deref(),
            Some("no-store"),
            "{case}"
        );
        assert!(exchange.upstream.is_none(), "{case}");
        let body: Value = serde_json::from_slice(&exchange.body).unwrap();
        assert!(
            body["error"].is_string() && body["error_description"].is_string(),
            "{case}"
        );
    }
    assert_eq!(gate.send(&bearer(&good)).status, 200);
}

fn verifies_every_algorithm<D: Driver>() {
    use portcullis::jose::Algorithm;
    for algorithm in Algorithm::ALL {
        let signer = support::signer::Signer::new(algorithm);
        let mut provider = local_provider(&signer);
        provider["algorithms"] = json!([algorithm.name()]);
        let gate: D = start(&Setup::new(configuration(&provider)));
        let exchange = get(&gate, "/", &token(&gate, &signer, "alice"));
        assert_eq!(
            forwarded_user(&exchange).as_deref(),
            Some("alice"),
            "{algorithm:?}"
        );
        let forger = support::signer::Signer::with_pair(algorithm, Pair::Other);
        let forged = get(&gate, "/", &token(&gate, &forger, "alice"));
        assert_eq!(forged.status, 401, "{algorithm:?}");
    }
}

fn maps_denials_of_grpc_requests<D: Driver>() {
    let gate: D = with_local_keys(&signer());
    let call = Request::new("POST", "/pkg.Service/Call").header("content-type", "application/grpc");
    let exchange = gate.send(&call);
    assert_eq!(exchange.status, 200);
    // UNAUTHENTICATED.
    assert_eq!(exchange.headers.value("grpc-status").as_deref(), Some("16"));
    assert!(exchange.upstream.is_none());
}

fn strips_the_failure_response_where_told<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    config["strip_failure_response"] = json!(true);
    let gate: D = start(&Setup::new(config));
    let exchange = gate.send(&Request::get("/").bearer("junk"));
    assert_eq!((exchange.status, exchange.body.as_slice()), (401, &b""[..]));
    assert_eq!(challenge(&exchange), None);
}

fn lets_preflight_requests_pass<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    config["bypass_cors_preflight"] = json!(true);
    let gate: D = start(&Setup::new(config));
    let preflight = Request::new("OPTIONS", "/")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("x-user", "root");
    let exchange = gate.send(&preflight);
    assert_eq!(exchange.status, 200);
    assert_eq!(
        forwarded_user(&exchange),
        None,
        "an identity that nobody verified"
    );
    let options = Request::new("OPTIONS", "/").header("origin", "https://app.example");
    assert_eq!(gate.send(&options).status, 401, "no preflight");
}

fn only_records_in_shadow_mode<D: Driver>() {
    let mut config = configuration(&local_provider(&signer()));
    config["mode"] = json!("shadow");
    let gate: D = start(&Setup::new(config));
    let exchange = gate.send(&Request::get("/").bearer("junk").header("x_user", "root"));
    assert_eq!(exchange.status, 200);
    let seen = exchange.upstream.unwrap();
    assert_eq!(seen.headers.value("x_user"), None, "sanitised all the same");
    assert_eq!(
        gate.metric("portcullis.shadow_denied.malformed_token"),
        Some(1)
    );
    assert_eq!(
        gate.send(&Request::get("/a%2f..%2fb")).status,
        400,
        "paths are refused"
    );
}

fn makes_no_request_wait_in_shadow_mode<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let mut config = configuration(&remote_provider());
    config["mode"] = json!("shadow");
    let gate: D = start(&Setup::new(config).cluster("login", &server));
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    assert_eq!(
        gate.metric("portcullis.shadow_denied.keys_unavailable"),
        Some(1)
    );
    server.release();
}
