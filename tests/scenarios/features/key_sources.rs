//! Z10, Z12: fetched and written keys.

use std::time::Duration;

use portcullis::jose::Algorithm;
use serde_json::json;

use super::{one_path_each, status};
use crate::world::{JWKS_PATH, get, provider, publishing, signer, start, token, with_remote_keys};
use support::{
    authorization_server::Answer,
    driver::{Driver, Request, Setup},
    on_both_drivers,
    signer::{Pair, Signer, jwks, public_pem},
};

on_both_drivers!(z10_keys_live_on, z12_static_keys_in_three_forms);

const LAST_SUCCESS: &str = "portcullis.provider.login.jwks.last_success_seconds";

/// Outage, rotation, and strangers who ask for keys that nobody has.
fn z10_keys_live_on<D: Driver>() {
    let (old, new) = (signer(), Signer::new(Algorithm::Rs256));
    let server = publishing(&old);
    let gate: D = with_remote_keys(&server);
    let known = |subject: &str| get(&gate, "/", &token(&gate, &old, subject)).status;
    assert_eq!(known("alice"), 200);
    let first = gate.metric(LAST_SUCCESS).unwrap();

    server.answer(JWKS_PATH, Answer::reset());
    for subject in ["bob", "carol"] {
        assert_eq!(known(subject), 200, "the server is gone, its keys are not");
    }
    gate.pass(Duration::from_secs(2));
    server.answer(JWKS_PATH, Answer::json(jwks([&old, &new]).to_string()));
    let before = server.fetches(JWKS_PATH);
    assert_eq!(get(&gate, "/", &token(&gate, &new, "dave")).status, 200);
    assert_eq!(server.fetches(JWKS_PATH), before + 1);
    gate.wait_until("the time of the last success moves", || {
        gate.metric(LAST_SUCCESS).unwrap() > first
    });

    let strangers: Vec<_> = (0..1000)
        .map(|n| {
            let stranger = old.clone().named(Some(&format!("unknown-{n}")));
            Request::get("/").bearer(token(&gate, &stranger, "eve"))
        })
        .collect();
    let answers = gate.send_over(4, &strangers);
    assert!(answers.iter().all(|status| *status == Some(401)));
    let caused = server.fetches(JWKS_PATH) - before - 1;
    assert!(caused <= 1, "{caused} fetches within a cool-down");
    assert_eq!(known("frank"), 200);
}

/// Public keys, certificates, and a key set; several at once.
fn z12_static_keys_in_three_forms<D: Driver>() {
    let algorithms = [Algorithm::Es256, Algorithm::Rs256];
    let written = |field: &str, value| {
        let mut provider = provider();
        provider[field] = value;
        provider
    };
    let certificates = [
        include_str!("../../support/keys/pem/p256_cert.pem"),
        include_str!("../../support/keys/pem/rsa_cert.pem"),
    ];
    let key_set = jwks(&algorithms.map(Signer::new)).to_string();
    let gate: D = start(&Setup::new(one_path_each(&json!({
        "spki": written("public_keys", json!({ "pem": algorithms.map(public_pem) })),
        "x509": written("public_keys", json!({ "pem": certificates })),
        "jwks": written("local_jwks", json!({ "inline_string": key_set })),
    }))));
    for algorithm in algorithms {
        let own = token(&gate, &Signer::new(algorithm), "alice");
        let other = Signer::with_pair(algorithm, Pair::Other);
        let forged = token(&gate, &other, "eve");
        for form in ["spki", "x509", "jwks"] {
            assert_eq!(status(&gate, form, &own), 200, "{form} {algorithm}");
            assert_eq!(status(&gate, form, &forged), 401, "{form} {algorithm}");
        }
    }
}
