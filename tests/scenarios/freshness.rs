//! How long fetched keys are fresh, and what becomes of the records of sources that are gone.

use std::time::Duration;

use serde_json::json;

use crate::{
    signer::jwks,
    support::{
        authorization_server::Answer,
        driver::{Driver, Setup},
        on_both_drivers,
    },
    world::{
        JWKS_PATH, configuration, get, publishing, remote_provider, signer, start, token,
        with_remote_keys,
    },
};

on_both_drivers!(
    asks_whether_keys_still_stand,
    says_when_keys_are_stale,
    leaves_no_keys_behind,
);

fn published(tag: &str) -> Answer {
    Answer::json(jwks([&signer()]).to_string()).header("etag", tag)
}

fn asks_whether_keys_still_stand<D: Driver>() {
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
    // A new set comes with a new tag, or with none.
    server.answer(JWKS_PATH, Answer::json(jwks([&signer()]).to_string()));
    let before = server.fetches(JWKS_PATH);
    gate.wait_until("two more", || server.fetches(JWKS_PATH) >= before + 2);
    assert_eq!(tag_of(before + 1), None);
}

fn says_when_keys_are_stale<D: Driver>() {
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

/// A source that is configured anew is fetched anew: nobody has kept its keys fresh meanwhile.
fn leaves_no_keys_behind<D: Driver>() {
    let server = publishing(&signer());
    let gate: D = with_remote_keys(&server);
    let token = token(&gate, &signer(), "alice");
    assert_eq!(get(&gate, "/", &token).status, 200);
    let mut elsewhere = remote_provider();
    elsewhere["remote_jwks"]["http_uri"]["uri"] = json!("https://login.example.com/others");
    server.answer("/others", Answer::json(jwks([&signer()]).to_string()));
    // The same source under other settings keeps its record.
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
