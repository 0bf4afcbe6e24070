//! The metrics that operators watch.

use serde_json::json;

use crate::{
    client_secrets::hash,
    world::{
        JWKS_PATH, configuration, get, local_provider, publishing, remote_provider, signer, start,
        token, with_remote_keys,
    },
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Request, Setup},
    on_every_driver,
};

on_every_driver!(
    counts_decisions_and_fetches,
    defines_only_metrics_that_apply_to_the_provider,
    reports_keys_that_never_arrived,
    resets_the_gauges_of_a_provider_that_has_no_keys_any_more,
);

const OF_FETCHES: [&str; 4] = [
    "jwks.fetch_success",
    "jwks.fetch_failed",
    "jwks.last_success_seconds",
    "jwks.stale",
];

/// Operators set alerts on a provider's number of keys and on the age of its last fetch. A provider
/// without keys must not trigger the first alert, and a provider that never fetches keys must not
/// trigger the second.
fn defines_only_metrics_that_apply_to_the_provider<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let signer = signer();
    let mut config = configuration(&local_provider(&signer));
    config["providers"]["jobs"] = json!({
        "client_secrets": { "clients": { "batch": { "secret_hashes": [hash("own")] } } },
    });
    let gate: D = start(&Setup::new(config));
    let of = |provider: &str, metric: &str| {
        gate.metric(&format!("portcullis.provider.{provider}.{metric}"))
    };
    gate.wait_until("the gauge", || of("login", "keys") == Some(1));
    assert_eq!(of("login", "keys_missing"), Some(0));
    assert_eq!(of("jobs", "keys"), None);
    assert_eq!(of("jobs", "keys_missing"), None);
    for metric in OF_FETCHES {
        assert_eq!(
            (of("login", metric), of("jobs", metric)),
            (None, None),
            "{metric}"
        );
    }
}

/// If no keys have ever arrived, `keys_missing` is 1 and `jwks.stale` stays 0.
fn reports_keys_that_never_arrived<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let mut config = configuration(&remote_provider());
    let mut unused = config["providers"]["login"].clone();
    unused["enabled"] = json!(false);
    config["providers"]["unused"] = unused;
    let server = publishing(&signer());
    server.answer(JWKS_PATH, Answer::status(500));
    let gate: D = start(&Setup::new(config).cluster("login", &server));
    let of = |name: &str| gate.metric(&format!("portcullis.provider.{name}"));
    gate.wait_until("the alert", || of("login.keys_missing") == Some(1));
    assert_eq!(of("login.jwks.stale"), Some(0));
    assert_eq!(of("unused.keys_missing"), Some(0));
}

fn resets_the_gauges_of_a_provider_that_has_no_keys_any_more<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let signer = signer();
    let server = publishing(&signer);
    let config = configuration(&remote_provider());
    let gate: D = start(&Setup::new(config).cluster("login", &server));
    let keys = || gate.metric("portcullis.provider.login.keys");
    let missing = || gate.metric("portcullis.provider.login.keys_missing");
    gate.wait_until("a fetch", || keys() == Some(1) && missing() == Some(0));
    gate.reconfigure(&configuration(&json!({
        "client_secrets": { "clients": { "batch": { "secret_hashes": [hash("own")] } } },
    })))
    .unwrap();
    gate.wait_until("no keys", || keys() == Some(0) && missing() == Some(0));
}

fn counts_decisions_and_fetches<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    let gate: D = with_remote_keys(&server);
    let before = gate.now();
    let good = token(&gate, &signer, "alice");
    for _ in 0..3 {
        assert_eq!(get(&gate, "/", &good).status, 200);
    }
    gate.send(&Request::get("/"));
    gate.send(&Request::get("/"));
    gate.send(&Request::get("/").bearer("junk"));
    for (name, expected) in [
        ("allowed", 3),
        ("cache.hit", 2),
        ("cache.miss", 2),
        ("denied.missing_credential", 2),
        ("denied.malformed_token", 1),
        ("denied.expired", 0),
        ("provider.login.jwks.fetch_success", 1),
        ("provider.login.jwks.fetch_failed", 0),
        ("provider.login.keys", 1),
    ] {
        gate.wait_for_count(&format!("portcullis.{name}"), expected);
    }
    let fetched = gate
        .metric("portcullis.provider.login.jwks.last_success_seconds")
        .unwrap();
    assert!((before - 60..=gate.now()).contains(&fetched));
}
