//! Sends many simultaneous requests to four workers. Checks the number of fetches and the answer to
//! each client.
//!
//! The number of allowed fetches is computed from the time that has passed, so no test depends on
//! the speed of the machine.

use std::time::Duration;

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::{
    withheld_capabilities::example_capabilities,
    world::{
        JWKS_PATH, configuration, forwarded_user, publishing, remote_provider, signer, start, token,
    },
};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Request, Setup},
    objects::with,
    on_every_driver, on_wasm_hosts,
    signer::{Pair, Signer, jwks},
    workers::ask_every_worker,
};

on_every_driver!(
    fetches_once_for_a_thousand_requests_that_race,
    fetches_once_per_refresh,
    fetches_once_per_cooldown_through_a_flood_of_unknown_kids,
    refuses_a_removed_key_on_every_worker,
    has_keys_before_any_request_and_keeps_them_through_an_update,
    outlives_the_configuration_that_was_fetching,
    accepts_a_key_that_another_worker_has_fetched,
    identifies_the_caller_by_a_key_that_another_worker_has_fetched,
);
on_wasm_hosts!(ends_the_lease_of_a_worker_that_gets_no_answer);

const WORKERS: usize = 4;
/// The number of connections in a burst: four for each worker.
const CONNECTIONS: usize = 16;

fn fetches_once_for_a_thousand_requests_that_race<D: Driver>() {
    const REQUESTS: u64 = 1000;
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let gate: D = gate(&server, &json!({}));
    let pending: Vec<_> = (0..REQUESTS)
        .map(|n| gate.begin(&Request::get("/").bearer(token(&gate, &signer, &format!("u{n}")))))
        .collect();
    gate.wait_until("all in flight", || gate.in_flight() == REQUESTS);
    assert_eq!(gate.taken_by_worker(), [REQUESTS / 4; WORKERS]);
    gate.wait_until("a fetch", || server.fetches(JWKS_PATH) > 0);
    // Meanwhile every worker's timer ticks, but only the worker with the lease (the right to fetch)
    // may fetch keys.
    gate.pass(Duration::from_millis(300));
    server.release();
    for (n, pending) in pending.into_iter().enumerate() {
        assert_eq!(forwarded_user(&gate.finish(pending)), Some(format!("u{n}")));
    }
    assert_eq!(server.fetches(JWKS_PATH), 1);
}

fn fetches_once_per_refresh<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    let gate: D = gate(&server, &json!({ "cache_duration": "1s" }));
    let forger = Signer::with_pair(signer.alg, Pair::Other);
    let of = |signer: &Signer| Request::get("/").bearer(token(&gate, signer, "alice"));
    let requests = vec![[of(&signer), of(&forger)]; CONNECTIONS].concat();
    let started = gate.now();
    while server.fetches(JWKS_PATH) < 4 {
        let expected = [Some(200), Some(401)].repeat(CONNECTIONS);
        assert_eq!(gate.send_over(CONNECTIONS, &requests), expected);
        gate.pass(Duration::from_millis(20));
    }
    // Keys are fetched again when nine tenths of the cache duration have passed.
    let allowed = 1 + most_intervals(&gate, started, Duration::from_millis(900));
    let fetches = server.fetches(JWKS_PATH);
    assert!(fetches <= allowed, "{fetches} fetches, {allowed} allowed");
    assert_all_workers_took_part(&gate);
}

fn fetches_once_per_cooldown_through_a_flood_of_unknown_kids<D: Driver>() {
    const ROUNDS: usize = 10;
    const STRANGERS: usize = 1000;
    let signer = signer();
    let server = publishing(&signer);
    let gate: D = gate(&server, &json!({ "unknown_kid_cooldown": "1s" }));
    let good = Request::get("/").bearer(token(&gate, &signer, "alice"));
    let stranger = Signer::new(Algorithm::EdDsa);
    let started = gate.now();
    for round in 0..ROUNDS {
        let requests: Vec<_> = (0..STRANGERS)
            .flat_map(|n| {
                let kid = format!("made-up-{round}-{n}");
                let stranger = stranger.clone().named(Some(&kid));
                let stranger = Request::get("/").bearer(token(&gate, &stranger, "mallory"));
                // There is one good request for every ten tokens with unknown keys.
                let good = (n % 10 == 0).then(|| good.clone());
                [Some(stranger), good].into_iter().flatten()
            })
            .collect();
        let good = good.on_the_wire();
        for (request, status) in requests.iter().zip(gate.send_over(CONNECTIONS, &requests)) {
            let expected = if request.on_the_wire() == good {
                200
            } else {
                401
            };
            assert_eq!(status, Some(expected));
        }
        gate.pass(Duration::from_millis(200));
    }
    // The gate may fetch once at the start, once for the first unknown key, and once more per
    // second.
    let allowed = 2 + most_intervals(&gate, started, Duration::from_secs(1));
    let fetches = server.fetches(JWKS_PATH);
    assert!(fetches <= allowed, "{fetches} fetches, {allowed} allowed");
    assert!(
        fetches >= 3,
        "{fetches} fetches: no worker looks for new keys"
    );
    assert_all_workers_took_part(&gate);
}

/// A key may be withdrawn because it was stolen, so every worker must refuse a withdrawn key.
fn refuses_a_removed_key_on_every_worker<D: Driver>() {
    let (old, new) = (signer(), Signer::new(Algorithm::Es384));
    let server = publishing(&old);
    server.answer(JWKS_PATH, Answer::json(jwks([&old, &new]).to_string()));
    let gate: D = gate(&server, &json!({ "cache_duration": "1s" }));
    let request = |signer| Request::get("/").bearer(token(&gate, signer, "alice"));
    let (old, kept) = (request(&old), request(&new));
    let all_answer = |request: &Request, status| {
        let exchanges = ask_every_worker(&gate, request);
        exchanges.iter().all(|exchange| exchange.status == status)
    };
    assert!(all_answer(&old, 200));
    assert!(all_answer(&kept, 200));
    server.answer(JWKS_PATH, Answer::json(new.jwks().to_string()));
    gate.wait_until("every worker to refuse", || all_answer(&old, 401));
    for _ in 0..20 {
        assert!(all_answer(&old, 401));
        assert!(all_answer(&kept, 200));
        gate.pass(Duration::from_millis(50));
    }
}

fn has_keys_before_any_request_and_keeps_them_through_an_update<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let signer = signer();
    let server = publishing(&signer);
    let gate: D = gate(&server, &json!({}));
    let keys = || gate.metric("portcullis.provider.login.keys") == Some(1);
    gate.wait_until("keys", keys);
    assert_eq!(gate.taken_by_worker(), [0; WORKERS], "nobody has asked");
    assert_eq!(server.fetches(JWKS_PATH), 1);
    // From here on, no fetch completes.
    server.hold();
    let mut updated = configuration(&remote_provider());
    updated["realm"] = json!("updated");
    gate.reconfigure(&updated).unwrap();
    let good = Request::get("/").bearer(token(&gate, &signer, "alice"));
    for exchange in ask_every_worker(&gate, &good) {
        assert_eq!(exchange.status, 200);
    }
    let exchange = gate.send(&Request::get("/"));
    let challenge = exchange.headers.value("www-authenticate");
    assert_eq!(challenge.as_deref(), Some(r#"Bearer realm="updated""#));
    assert_eq!(server.fetches(JWKS_PATH), 1);
    server.release();
}

/// When a configuration is replaced, its pending fetch is cancelled, so the response is lost.
fn outlives_the_configuration_that_was_fetching<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let mut provider = remote_provider();
    provider["remote_jwks"]["http_uri"]["timeout"] = json!("3s");
    let config = configuration(&provider);
    let setup = Setup::new(config.clone()).cluster("login", &server);
    let gate: D = start(&setup.balanced_workers(WORKERS));
    gate.wait_until("a fetch", || server.fetches(JWKS_PATH) == 1);
    let mut updated = config;
    updated["realm"] = json!("updated");
    gate.reconfigure(&updated).unwrap();
    server.release();
    // The requests wait until the lease of the lost fetch ends. A lease lasts for the timeout of
    // the fetch plus one second.
    let good = Request::get("/").bearer(token(&gate, &signer, "alice"));
    let answers = gate.send_over(CONNECTIONS, &vec![good; CONNECTIONS]);
    assert_eq!(answers, [Some(200); CONNECTIONS]);
    assert_eq!(server.fetches(JWKS_PATH), 2, "the first answer was lost");
    let failed = gate.metric("portcullis.provider.login.jwks.fetch_failed");
    assert_eq!(failed, Some(0));
}

/// The host delivers no response to the worker that fetches. To the other workers, this worker
/// seems to have died. They wait until its lease ends, and then fetch the keys themselves. A lease
/// lasts for the timeout of the fetch plus one second.
fn ends_the_lease_of_a_worker_that_gets_no_answer<D: Driver>() {
    let server = publishing(&signer());
    let mut provider = remote_provider();
    provider["remote_jwks"]["http_uri"]["timeout"] = json!("0.5s");
    let deaf = Setup::new(configuration(&provider))
        .cluster("login", &server)
        .capabilities(
            example_capabilities()
                .into_iter()
                .filter(|name| name != "proxy_on_http_call_response"),
        );
    let gate: D = start(&deaf.balanced_workers(WORKERS));
    let started = gate.now();
    gate.wait_until("three fetches", || server.fetches(JWKS_PATH) >= 3);
    let allowed = 1 + most_intervals(&gate, started, Duration::from_millis(1500));
    let fetches = server.fetches(JWKS_PATH);
    assert!(fetches <= allowed, "{fetches} fetches, {allowed} allowed");
}

/// A token with an unknown key has started the cool-down of one worker. During the cool-down, this
/// worker fetches nothing, but another worker fetches a new key. If the first worker refused a
/// token that the new key signed, the client would discard a good token.
fn accepts_a_key_that_another_worker_has_fetched<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let strict = json!({ "provider_name": "login" });
    meets_a_key_that_another_worker_has_fetched::<D>(strict, 401);
}

/// A rule can let requests with failed tokens pass without an identity. Even under such a rule, a
/// good token must not count as failed if another worker has already fetched the token's key.
fn identifies_the_caller_by_a_key_that_another_worker_has_fetched<D: Driver>() {
    if !D::shows_key_metrics_at_once() {
        return;
    }
    let lenient = json!([{ "provider_name": "login" }, { "allow_missing_or_failed": {} }]);
    let lenient = json!({ "requires_any": { "requirements": lenient } });
    meets_a_key_that_another_worker_has_fetched::<D>(lenient, 200);
}

fn meets_a_key_that_another_worker_has_fetched<D: Driver>(requires: Value, unknown: u16) {
    let (old, new) = (signer(), Signer::new(Algorithm::Es384));
    let server = publishing(&old);
    let mut provider = remote_provider();
    provider["remote_jwks"]["cache_duration"] = json!("2s");
    let mut configuration = configuration(&provider);
    configuration["rules"][0]["requires"] = requires;
    let setup = Setup::new(configuration).cluster("login", &server);
    let gate: D = start(&setup.balanced_workers(WORKERS));
    let stranger = old.clone().named(Some("made-up"));
    let request = |signer: &Signer| Request::get("/").bearer(token(&gate, signer, "alice"));
    for exchange in ask_every_worker(&gate, &request(&stranger)) {
        assert_eq!(exchange.status, unknown);
    }
    server.answer(JWKS_PATH, Answer::json(jwks([&old, &new]).to_string()));
    let keys = || gate.metric("portcullis.provider.login.keys");
    gate.wait_until("both keys", || keys() == Some(2));
    for exchange in ask_every_worker(&gate, &request(&new)) {
        assert_eq!(forwarded_user(&exchange).as_deref(), Some("alice"));
    }
}

/// A gate with four workers. It fetches its keys from `server`, and `settings` says how.
fn gate<D: Driver>(server: &AuthorizationServer, settings: &Value) -> D {
    let mut provider = remote_provider();
    provider["remote_jwks"] = with(provider["remote_jwks"].take(), settings);
    let setup = Setup::new(configuration(&provider)).cluster("login", server);
    start(&setup.balanced_workers(WORKERS))
}

/// The maximum number of intervals that can have passed since `started`. The clock has only whole
/// seconds.
fn most_intervals(gate: &impl Driver, started: u64, interval: Duration) -> usize {
    let passed = Duration::from_secs(gate.now() + 1 - started);
    usize::try_from(passed.as_millis() / interval.as_millis()).unwrap()
}

fn assert_all_workers_took_part(gate: &impl Driver) {
    let taken = gate.taken_by_worker();
    assert_eq!(taken.len(), WORKERS);
    assert!(taken.iter().all(|taken| *taken > 0), "{taken:?}");
}
