//! The point in time at which Envoy becomes ready. A listener accepts requests unless its
//! configuration is invalid.
//!
//! The module cannot make its listener wait for keys, so requests wait for the keys instead.
//! `docs/operations.md` describes the behaviour that these tests prove.

use std::thread;

use serde_json::json;

use crate::world::{
    ISSUER, JWKS_PATH, configuration, get, local_provider, publishing, remote_provider, signer,
    start, token, with_remote_keys,
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Request, Setup},
    envoy::{Envoy, InEnvoy},
    in_envoy,
    load::Client,
    on_both_builds,
};

on_both_builds!(
    is_ready_before_the_first_keys_arrive,
    an_update_does_not_wait_for_its_keys,
    an_update_cuts_off_requests_that_wait_longer_than_the_drain_time,
    a_refused_update_leaves_the_old_configuration_with_its_keys,
    an_expired_token_shows_whether_keys_have_arrived,
);
in_envoy!(is_ready_without_a_listener_when_the_first_configuration_is_refused);

fn is_ready_before_the_first_keys_arrive<D: InEnvoy>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let gate: D = with_remote_keys(&server);
    assert_eq!(gate.admin("/ready"), "LIVE\n");
    assert!(gate.admin("/listeners").starts_with("ingress::"));
    let early = gate.begin(&Request::get("/").bearer(token(&gate, &signer, "alice")));
    gate.wait_until("a waiting request", || gate.in_flight() == 1);
    if D::shows_key_metrics_at_once() {
        assert_eq!(gate.metric("portcullis.provider.login.keys"), Some(0));
    }
    assert_eq!(gate.admin("/ready"), "LIVE\n");
    server.release();
    assert_eq!(gate.finish(early).status, 200);
}

/// The listener comes from a discovery service. If it were in the bootstrap file, the refused
/// configuration would keep Envoy from starting.
fn is_ready_without_a_listener_when_the_first_configuration_is_refused() {
    let gate = Envoy::launch(&Setup::new(json!({ "rules": 7 })).alone());
    let rejected = "listener_manager.lds.update_rejected: 1";
    gate.wait_until("the refusal", || gate.admin("/stats").contains(rejected));
    gate.wait_until("readiness", || gate.is_ready());
    assert_eq!(gate.admin("/listeners"), "");
}

fn an_update_does_not_wait_for_its_keys<D: InEnvoy>() {
    let signer = signer();
    let (server, silent) = (publishing(&signer), publishing(&signer));
    silent.hold();
    let setup = Setup::new(configuration(&remote_provider())).cluster("login", &server);
    let gate: D = start(&setup.cluster("silent", &silent));
    let good = Request::get("/").bearer(token(&gate, &signer, "alice"));
    assert_eq!(gate.send(&good).status, 200);
    let mut provider = remote_provider();
    provider["remote_jwks"]["http_uri"]["cluster"] = json!("silent");
    gate.reconfigure(&configuration(&provider)).unwrap();
    // The old configuration, which had keys, is gone. The new configuration has no keys yet.
    let waiting = gate.begin(&good);
    gate.wait_until("a waiting request", || gate.in_flight() == 1);
    assert_eq!(gate.admin("/ready"), "LIVE\n");
    silent.release();
    assert_eq!(gate.finish(waiting).status, 200);
    assert_eq!(silent.fetches(JWKS_PATH), 1);
}

/// In this test, the drain time is one second. Envoy's default is ten minutes.
fn an_update_cuts_off_requests_that_wait_longer_than_the_drain_time<D: InEnvoy>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let gate: D = with_remote_keys(&server);
    let good = Request::get("/").bearer(token(&gate, &signer, "alice"));
    let mut client = Client::connected(gate.address()).unwrap();
    let answer = thread::scope(|scope| {
        let waiting = scope.spawn(|| client.send(&good));
        gate.wait_until("a waiting request", || gate.in_flight() == 1);
        let mut updated = configuration(&remote_provider());
        updated["realm"] = json!("updated");
        gate.reconfigure(&updated).unwrap();
        waiting.join().unwrap()
    });
    assert!(answer.is_err(), "{answer:?}");
    gate.wait_until("the end of the request", || gate.in_flight() == 0);
    server.release();
    assert_eq!(gate.send(&good).status, 200);
}

fn a_refused_update_leaves_the_old_configuration_with_its_keys<D: InEnvoy>() {
    let signer = signer();
    let server = publishing(&signer);
    let gate: D = with_remote_keys(&server);
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    server.hold();
    let mut wrong = configuration(&local_provider(&signer));
    wrong["rules"][0]["requires"]["provider_name"] = json!("nobody");
    assert!(gate.reconfigure(&wrong).is_err());
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "bob")).status, 200);
    assert_eq!(server.fetches(JWKS_PATH), 1);
    server.release();
}

/// An operator can use an expired token as a readiness probe. The token gives access to nothing,
/// and the answer is 401 only after keys have arrived.
fn an_expired_token_shows_whether_keys_have_arrived<D: InEnvoy>() {
    let signer = signer();
    let server = publishing(&signer);
    server.answer(JWKS_PATH, Answer::status(500));
    let gate: D = with_remote_keys(&server);
    let expired = signer.sign_claims(&json!({
        "iss": ISSUER, "aud": "orders", "sub": "probe", "exp": gate.now() - 600,
    }));
    let probe = || get(&gate, "/", &expired);
    assert_eq!(probe().status, 503);
    server.answer(JWKS_PATH, Answer::json(signer.jwks().to_string()));
    gate.wait_until("keys", || probe().outcome() == (401, "expired"));
}
