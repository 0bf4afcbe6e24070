//! Attacks on fetched keys, and on requests that wait for keys.

use portcullis::jose::Algorithm;
use serde_json::json;

use super::{any, assert_refused, assert_still_serves};
use crate::world::{
    JWKS_PATH, configuration, forwarded_user, get, publishing, remote_provider, signer, start,
    token, with_remote_keys,
};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Request, Setup},
    on_every_driver,
    signer::{Pair, Signer},
};

on_every_driver!(
    cve_2024_34364_an_endless_key_set_is_refused,
    cve_2024_45809_route_is_chosen_again_after_keys_are_fetched,
    cve_2024_45810_answers_of_the_proxy_itself_are_not_keys,
    cve_2025_64527_two_tokens_wait_for_keys_under_a_lenient_rule,
    cve_2026_31837_no_key_serves_while_the_key_set_is_unavailable,
    cve_2026_47205_keys_arrive_after_their_client_left,
    cve_2026_48042_deep_json_is_only_refused,
);

fn cve_2024_34364_an_endless_key_set_is_refused<D: Driver>() {
    let server = AuthorizationServer::new();
    let mut keys = signer().jwks();
    keys["filler"] = json!("f".repeat(1 << 20));
    server.answer(JWKS_PATH, Answer::json(keys.to_string()));
    let gate: D = with_remote_keys(&server);
    let good = token(&gate, &signer(), "alice");
    assert_refused(&get(&gate, "/", &good), &[503], "a megabyte of keys");
    server.answer(JWKS_PATH, Answer::json(signer().jwks().to_string()));
    gate.wait_until("good keys", || get(&gate, "/", &good).status == 200);
}

fn cve_2024_45809_route_is_chosen_again_after_keys_are_fetched<D: Driver>() {
    let server = publishing(&signer());
    server.hold();
    let mut provider = remote_provider();
    provider["clear_route_cache"] = json!(true);
    let gate: D = start(&Setup::new(configuration(&provider)).cluster("login", &server));
    let pending: Vec<_> = (0..10)
        .map(|n| gate.begin(&Request::get("/").bearer(token(&gate, &signer(), &format!("u{n}")))))
        .collect();
    gate.wait_until("all wait", || gate.in_flight() == 10);
    server.release();
    for (n, pending) in pending.into_iter().enumerate() {
        assert_eq!(forwarded_user(&gate.finish(pending)), Some(format!("u{n}")));
    }
}

/// If the key server is unreachable, the proxy itself generates a response. The module must not use
/// that response's body as a key set.
fn cve_2024_45810_answers_of_the_proxy_itself_are_not_keys<D: Driver>() {
    let server = AuthorizationServer::new();
    server.answer(JWKS_PATH, Answer::reset());
    let gate: D = with_remote_keys(&server);
    let good = token(&gate, &signer(), "alice");
    assert_refused(&get(&gate, "/", &good), &[503], "reset");
    let cut = Answer::json(signer().jwks().to_string()).truncated();
    server.answer(JWKS_PATH, cut);
    let before = server.fetches(JWKS_PATH);
    gate.wait_until("another try", || server.fetches(JWKS_PATH) > before);
    assert_refused(&get(&gate, "/", &good), &[503], "cut off");
    server.answer(JWKS_PATH, Answer::json(signer().jwks().to_string()));
    gate.wait_until("keys", || get(&gate, "/", &good).status == 200);
}

fn cve_2025_64527_two_tokens_wait_for_keys_under_a_lenient_rule<D: Driver>() {
    let server = publishing(&signer());
    server.hold();
    let mut provider = remote_provider();
    provider["from_headers"] = json!([
        { "name": "authorization", "value_prefix": "Bearer " }, { "name": "x-jwt" },
    ]);
    let mut config = configuration(&provider);
    config["rules"][0]["requires"] = any("allow_missing_or_failed");
    let gate: D = start(&Setup::new(config).cluster("login", &server));
    let good = token(&gate, &signer(), "alice");
    let twice = |first: &str, second: &str| {
        let bearer = format!("Bearer {first}");
        gate.begin(
            &Request::get("/")
                .header("authorization", bearer)
                .header(second, &good),
        )
    };
    let pending = [
        twice(&good, "x-jwt"),
        twice("a.b.c", "x-jwt"),
        twice(&good, "authorization"),
    ];
    let alone = gate.begin(&Request::get("/").bearer(&good));
    gate.wait_until("one waits", || gate.in_flight() >= 1);
    server.release();
    for pending in pending {
        assert_refused(&gate.finish(pending), &[400], "two credentials");
    }
    assert_eq!(
        forwarded_user(&gate.finish(alone)).as_deref(),
        Some("alice")
    );
}

fn cve_2026_31837_no_key_serves_while_the_key_set_is_unavailable<D: Driver>() {
    let server = AuthorizationServer::new();
    let gate: D = with_remote_keys(&server);
    let forger = Signer::with_pair(Algorithm::Es256, Pair::Other);
    for document in ["", "{}", "{\"keys\":[]}", "not found"] {
        server.answer(JWKS_PATH, Answer::json(document));
        for signer in [signer(), forger.clone(), forger.clone().named(None)] {
            assert_refused(
                &get(&gate, "/", &token(&gate, &signer, "alice")),
                &[503],
                document,
            );
        }
    }
}

/// This also tests CVE-2026-48090 and CVE-2026-26311: a call completes after its stream has ended.
fn cve_2026_47205_keys_arrive_after_their_client_left<D: Driver>() {
    let server = publishing(&signer());
    server.hold();
    let gate: D = with_remote_keys(&server);
    let good = token(&gate, &signer(), "alice");
    let post = || gate.begin(&Request::new("POST", "/").bearer(&good).body("order"));
    let (leaving, staying) = ([post(), post()], post());
    gate.wait_until("all wait", || gate.in_flight() == 3);
    leaving
        .into_iter()
        .for_each(|pending| gate.abandon(pending));
    gate.wait_until("two left", || gate.in_flight() == 1);
    server.release();
    let exchange = gate.finish(staying);
    assert_eq!(forwarded_user(&exchange).as_deref(), Some("alice"));
    assert_eq!(exchange.upstream.unwrap().body, b"order");
    assert_still_serves(&gate);
}

fn cve_2026_48042_deep_json_is_only_refused<D: Driver>() {
    let server = AuthorizationServer::new();
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    server.answer(
        JWKS_PATH,
        Answer::json(format!("{{\"keys\":{}}}", deep(100_000))),
    );
    let gate: D = with_remote_keys(&server);
    let good = token(&gate, &signer(), "alice");
    assert_refused(&get(&gate, "/", &good), &[503], "keys");
    server.answer(JWKS_PATH, Answer::json(signer().jwks().to_string()));
    gate.wait_until("good keys", || get(&gate, "/", &good).status == 200);
    let header = signer().header().to_string();
    for payload in [deep(2500), format!("{{\"x\":{}}}", deep(2000))] {
        let token = signer().token_of_bytes(header.as_bytes(), payload.as_bytes());
        assert_refused(&get(&gate, "/", &token), &[401], "claims");
    }
    let deep_header = format!("{{\"alg\":\"ES256\",\"x\":{}}}", deep(2000));
    let token = signer().token_of_bytes(deep_header.as_bytes(), b"{}");
    assert_refused(&get(&gate, "/", &token), &[401], "a header");
    assert_still_serves(&gate);
}
