//! The freshness of fetched keys: when keys are fetched again, when they are reported as stale, and
//! what remains of them when their URL is removed from the configuration.

use std::time::Duration;

use serde_json::json;

use crate::world::{
    JWKS_PATH, configuration, get, publishing, remote_provider, signer, start, token,
    with_remote_keys,
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Setup},
    on_every_driver,
    signer::jwks,
};

on_every_driver!(
    asks_whether_the_key_set_has_changed,
    reports_when_keys_are_stale,
    leaves_no_keys_behind,
    keeps_the_attempts_of_different_sources_apart,
    gauges_show_the_state_of_the_keys,
);

fn published(tag: &str) -> Answer {
    Answer::json(jwks([&signer()]).to_string()).header("etag", tag)
}

fn asks_whether_the_key_set_has_changed<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let server = publishing(&signer());
    server.answer(JWKS_PATH, published("\"1\""));
    let mut provider = remote_provider();
    provider["remote_jwks"]["cache_duration"] = json!("1s");
    let gate: D = start(&Setup::new(configuration(&provider)).cluster("login", &server));
    let token = token(&gate, &signer(), "alice");
    assert_eq!(get(&gate, "/", &token).status, 200);
    let tag_of = |fetch: usize| {
        let requests = server.requests();
        requests[fetch].headers.value("if-none-match")
    };
    assert_eq!(tag_of(0), None);
    let counted = |metric: &str| {
        gate.metric(&format!("portcullis.provider.login.jwks.{metric}"))
            .unwrap_or(0)
    };
    server.answer(JWKS_PATH, Answer::status(304));
    let before = counted("fetch_success");
    gate.wait_until("two refreshes", || counted("fetch_success") >= before + 2);
    assert_eq!(tag_of(1).as_deref(), Some("\"1\""));
    assert_eq!(get(&gate, "/", &token).status, 200);
    assert_eq!(counted("fetch_failed"), 0);
    // The first of the next two fetches receives a key set without an entity tag. So the second one
    // sends no `If-None-Match`.
    server.answer(JWKS_PATH, Answer::json(jwks([&signer()]).to_string()));
    let before = server.fetches(JWKS_PATH);
    gate.wait_until("two more fetches", || {
        server.fetches(JWKS_PATH) >= before + 2
    });
    assert_eq!(tag_of(before + 1), None);
}

fn reports_when_keys_are_stale<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let server = publishing(&signer());
    let mut provider = remote_provider();
    provider["remote_jwks"]["cache_duration"] = json!("1s");
    let gate: D = start(&Setup::new(configuration(&provider)).cluster("login", &server));
    let token = token(&gate, &signer(), "alice");
    assert_eq!(get(&gate, "/", &token).status, 200);
    let stale = || gate.metric("portcullis.provider.login.jwks.stale");
    gate.wait_until("fresh", || stale() == Some(0));
    server.answer(JWKS_PATH, Answer::status(500));
    gate.wait_until("stale", || stale() == Some(1));
    assert_eq!(get(&gate, "/", &token).status, 200);
    server.answer(JWKS_PATH, Answer::json(jwks([&signer()]).to_string()));
    gate.wait_until("fresh again", || stale() == Some(0));
}

/// If the URL of a key set is removed and later configured again, the keys must be fetched again,
/// because no worker has refreshed them in the meantime.
fn leaves_no_keys_behind<D: Driver>() {
    let server = publishing(&signer());
    let gate: D = with_remote_keys(&server);
    let token = token(&gate, &signer(), "alice");
    assert_eq!(get(&gate, "/", &token).status, 200);
    let mut elsewhere = remote_provider();
    elsewhere["remote_jwks"]["http_uri"]["uri"] = json!("https://login.example.com/others");
    server.answer("/others", Answer::json(jwks([&signer()]).to_string()));
    // If the URL stays the same and other settings change, the fetched keys are kept.
    let mut edited = remote_provider();
    edited["description"] = json!("edited");
    gate.reconfigure(&configuration(&edited)).unwrap();
    gate.pass(Duration::from_millis(500));
    assert_eq!(get(&gate, "/", &token).status, 200);
    assert_eq!(server.fetches(JWKS_PATH), 1);
    gate.reconfigure(&configuration(&elsewhere)).unwrap();
    gate.wait_until("other keys", || server.fetches("/others") == 1);
    gate.pass(Duration::from_millis(500));
    gate.reconfigure(&configuration(&remote_provider()))
        .unwrap();
    gate.wait_until("a second fetch", || server.fetches(JWKS_PATH) == 2);
    assert_eq!(get(&gate, "/", &token).status, 200);
}

/// Two providers fetch the same URL with different timeouts. If the fetches with the short timeout
/// fail, the provider with the long timeout must still get its keys.
fn keeps_the_attempts_of_different_sources_apart<D: Driver>() {
    let server = publishing(&signer());
    let answer = Answer::json(jwks([&signer()]).to_string());
    server.answer(JWKS_PATH, answer.after(Duration::from_millis(500)));
    let (patient, mut hasty) = (remote_provider(), remote_provider());
    hasty["remote_jwks"]["http_uri"]["timeout"] = json!("0.1s");
    let mut configuration = configuration(&patient);
    configuration["providers"]["hasty"] = hasty;
    let gate: D = start(&Setup::new(configuration).cluster("login", &server));
    let token = token(&gate, &signer(), "alice");
    assert_eq!(get(&gate, "/", &token).status, 200);
}

fn gauges_show_the_state_of_the_keys<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let server = publishing(&signer());
    let gate: D = with_remote_keys(&server);
    let gauge = |name: &str| gate.metric(&format!("portcullis.provider.{name}"));
    gate.wait_until("keys", || gauge("login.keys") == Some(1));

    // The provider gets another name, and a second provider uses the same URL.
    let mut renamed = configuration(&remote_provider());
    let provider = renamed["providers"]["login"].take();
    let mut twin = provider.clone();
    twin["remote_jwks"]["max_stale"] = json!("60s");
    renamed["providers"] = json!({ "renamed": provider, "twin": twin });
    renamed["rules"][0]["requires"]["provider_name"] = json!("renamed");
    gate.reconfigure(&renamed).unwrap();
    gate.wait_until("keys of both providers", || {
        gauge("renamed.keys") == Some(1) && gauge("twin.keys") == Some(1)
    });
    gate.wait_until("the old provider to have no keys", || {
        gauge("login.keys") == Some(0)
    });
    assert!(gauge("renamed.jwks.last_success_seconds") > Some(0));
    assert_eq!(server.fetches(JWKS_PATH), 1);

    // At the new URL, no keys are published.
    let mut elsewhere = remote_provider();
    elsewhere["remote_jwks"]["http_uri"]["uri"] = json!("https://login.example.com/none");
    gate.reconfigure(&configuration(&elsewhere)).unwrap();
    gate.wait_until("no keys", || {
        gauge("login.keys") == Some(0) && gauge("renamed.keys") == Some(0)
    });

    // The key set exceeds the limit of ten bytes, so the fetch counts as failed.
    let mut smaller = configuration(&remote_provider());
    smaller["limits"] = json!({ "jwks_bytes": 10 });
    gate.reconfigure(&smaller).unwrap();
    let failed = || gauge("login.jwks.fetch_failed");
    let before = failed();
    gate.wait_until("a failure", || failed() > before);
}
