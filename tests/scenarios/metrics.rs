//! What operators can count.

use crate::{
    support::{
        driver::{Driver, Request},
        on_both_drivers,
    },
    world::{get, publishing, signer, token, with_remote_keys},
};

on_both_drivers!(counts_decisions_and_fetches);

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
        assert_eq!(
            gate.metric(&format!("portcullis.{name}")),
            Some(expected),
            "{name}"
        );
    }
    let fetched = gate
        .metric("portcullis.provider.login.jwks.last_success_seconds")
        .unwrap();
    assert!((before - 60..=gate.now()).contains(&fetched));
}
