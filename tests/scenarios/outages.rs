//! Failures of an authorization server: how long Portcullis uses the last good keys, and what
//! happens afterwards.
//!
//! One gate has a provider for each kind of failure, so that all failures are tested at the same
//! time.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{JWKS_PATH, configuration, remote_provider, signer, start};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Exchange, Request, Setup},
    on_every_driver,
    signer::Signer,
};

on_every_driver!(
    the_last_good_keys_serve_through_every_outage_until_they_are_too_old,
    accepts_a_key_set_of_any_content_type,
);

/// How long the gate may use stale keys, in seconds.
const MAX_STALE: u64 = 4;

/// The failures, each with the name of its provider.
fn outages(signer: &Signer) -> Vec<(&'static str, Answer)> {
    let good = || Answer::json(signer.jwks().to_string());
    let elsewhere = "http://127.0.0.1:1/jwks";
    vec![
        ("slow", good().after(Duration::from_secs(3))),
        ("reset", Answer::reset()),
        ("truncated", good().truncated()),
        ("error", Answer::status(500)),
        ("overloaded", Answer::status(503)),
        (
            "redirect",
            Answer::status(302).header("location", elsewhere),
        ),
        // The answer of a captive portal.
        ("page", html("<!doctype html><title>Log in</title>")),
        (
            "partial",
            Answer {
                status: 206,
                ..good()
            },
        ),
        (
            "cut",
            Answer::json(&signer.jwks().to_string().as_bytes()[..40]),
        ),
        ("garbage", Answer::json(b"\xff\xfe garbage")),
        ("twice", Answer::json(signer.jwks().to_string().repeat(2))),
        ("oversized", Answer::json(vec![b' '; 300_000])),
        ("deep", Answer::json(vec![b'['; 10 << 20])),
        ("none", Answer::json("")),
        ("other", Answer::json("{}")),
        ("empty", Answer::json(r#"{"keys":[]}"#)),
        // A published key set that contains a symmetric key. Anyone could sign tokens with that
        // key.
        (
            "secret",
            Answer::json(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"ES256-1"}]}"#),
        ),
    ]
}

fn the_last_good_keys_serve_through_every_outage_until_they_are_too_old<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let signer = signer();
    let server = AuthorizationServer::new();
    let outages = outages(&signer);
    let heal =
        |name: &str| server.answer(&jwks_path(name), Answer::json(signer.jwks().to_string()));
    outages.iter().for_each(|(name, _)| heal(name));
    let names: Vec<_> = outages.iter().map(|(name, _)| *name).collect();
    let gate: D = start(&Setup::new(configuration_of(&names)).cluster("login", &server));
    assert_all(&gate, &signer, &names, "fresh", 200);

    for (name, answer) in &outages {
        server.answer(&jwks_path(name), answer.clone());
    }
    for name in &names {
        let failed = format!("portcullis.provider.{name}.jwks.fetch_failed");
        gate.wait_until(name, || gate.metric(&failed) > Some(0));
    }
    // The cache duration is one second, so the keys are stale after this time.
    gate.pass(Duration::from_millis(1500));
    for name in &names {
        let status = ask(&gate, &signer, name).status;
        let fetched = format!("portcullis.provider.{name}.jwks.last_success_seconds");
        // On a busy machine, the keys may by now be staler than `MAX_STALE` allows.
        if gate.now() < gate.metric(&fetched).unwrap() + 1 + MAX_STALE {
            assert_eq!(status, 200, "{name} stale");
        }
    }

    for name in &names {
        let status = || ask(&gate, &signer, name).status;
        gate.wait_until(name, || status() != 200);
        let exchange = ask(&gate, &signer, name);
        assert_eq!(exchange.status, 503, "{name}");
        let wait = exchange.headers.value("retry-after").unwrap();
        assert!(wait.parse::<u64>().unwrap() >= 1, "{name}: {wait}");
        assert_eq!(exchange.headers.value("www-authenticate"), None, "{name}");
        assert_eq!(exchange.outcome().1, "keys_unavailable");
    }

    names.iter().for_each(|name| heal(name));
    for name in &names {
        gate.wait_until(name, || ask(&gate, &signer, name).status == 200);
    }
}

/// Many servers publish keys as `text/html` or without a content type. The module looks only at the
/// body.
fn accepts_a_key_set_of_any_content_type<D: Driver>() {
    let signer = signer();
    let server = AuthorizationServer::new();
    let set = signer.jwks().to_string();
    let untyped = Answer {
        body: set.clone().into(),
        ..Answer::status(200)
    };
    server.answer(&jwks_path("html"), html(&set));
    server.answer(&jwks_path("untyped"), untyped);
    let names = ["html", "untyped"];
    let gate: D = start(&Setup::new(configuration_of(&names)).cluster("login", &server));
    assert_all(&gate, &signer, &names, "", 200);
}

fn html(body: &str) -> Answer {
    Answer {
        body: body.into(),
        ..Answer::status(200)
    }
    .header("content-type", "text/html")
}

fn jwks_path(name: &str) -> String {
    format!("{JWKS_PATH}/{name}")
}

fn issuer(name: &str) -> String {
    format!("https://{name}.example.com")
}

/// A configuration with one provider per name. Paths under `/<name>` need a token of that provider.
fn configuration_of(names: &[&str]) -> Value {
    let mut config = configuration(&json!({}));
    let provider = |name: &&str| {
        let mut provider = remote_provider();
        provider["issuer"] = json!(issuer(name));
        let remote = &mut provider["remote_jwks"];
        remote["http_uri"]["uri"] = json!(format!("{}{}", issuer(name), jwks_path(name)));
        remote["http_uri"]["timeout"] = json!("0.5s");
        remote["cache_duration"] = json!("1s");
        remote["max_stale"] = json!(format!("{MAX_STALE}s"));
        remote["async_fetch"]["failed_refetch_duration"] = json!("0.1s");
        ((*name).to_owned(), provider)
    };
    let rule = |name: &&str| {
        let requires = json!({ "provider_name": name });
        json!({ "match": { "prefix": format!("/{name}") }, "requires": requires })
    };
    config["providers"] = Value::Object(names.iter().map(provider).collect());
    config["rules"] = names.iter().map(rule).collect();
    config
}

fn ask(gate: &impl Driver, signer: &Signer, name: &str) -> Exchange {
    let token = signer.sign_claims(&json!({
        "iss": issuer(name), "aud": "orders", "sub": "alice", "exp": gate.now() + 600,
    }));
    gate.send(&Request::get(&format!("/{name}")).bearer(token))
}

fn assert_all(gate: &impl Driver, signer: &Signer, names: &[&str], when: &str, status: u16) {
    for name in names {
        assert_eq!(ask(gate, signer, name).status, status, "{name} {when}");
    }
}
