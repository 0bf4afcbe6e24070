//! Requests that need fetched keys: they wait for the keys, are refused if no keys arrive, and
//! cause another fetch if their key is unknown.

use std::time::Duration;

use portcullis::jose::Algorithm;
use serde_json::json;

use crate::world::{
    JWKS_PATH, configuration, forwarded_user, get, provider, publishing, remote_provider, signer,
    start, token, with_remote_keys,
};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Request, Setup},
    on_every_driver,
    signer::{Pair, Signer, jwks},
};

on_every_driver!(
    parks_requests_until_the_keys_arrive,
    holds_bodies_back_while_their_heads_wait,
    answers_503_while_keys_are_unavailable,
    fetches_no_keys_of_a_disabled_provider,
    learns_a_rotated_key,
    bounds_the_cost_of_verifying_a_token,
    keys_with_large_rsa_exponents_never_serve,
    bounds_the_number_of_waiting_requests,
    answers_503_if_a_token_s_key_may_still_arrive,
    stops_waiting_after_the_timeout,
    names_a_missing_cluster,
);

fn parks_requests_until_the_keys_arrive<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let gate: D = with_remote_keys(&server);
    let pending: Vec<_> = (0..20)
        .map(|n| gate.begin(&Request::get("/").bearer(token(&gate, &signer, &format!("u{n}")))))
        .collect();
    gate.wait_until("all requests in flight", || gate.in_flight() == 20);
    server.release();
    for (n, pending) in pending.into_iter().enumerate() {
        let exchange = gate.finish(pending);
        assert_eq!(forwarded_user(&exchange), Some(format!("u{n}")));
    }
    assert_eq!(server.fetches(JWKS_PATH), 1);
}

/// Some hosts hold back only the headers of a waiting request. If the module let the body pass, the
/// headers would pass with it. So a request with a forged token would pass before the module has a
/// key to check the token.
fn holds_bodies_back_while_their_heads_wait<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let setup = Setup {
        stops_headers_alone: true,
        ..Setup::new(configuration(&remote_provider()))
    };
    let gate: D = start(&setup.cluster("login", &server));
    let post = |signer: &Signer| {
        let request = Request::new("POST", "/").bearer(token(&gate, signer, "u"));
        gate.begin(&request.body("order"))
    };
    let (good, forged) = (
        post(&signer),
        post(&Signer::with_pair(Algorithm::Es256, Pair::Other)),
    );
    gate.wait_until("both in flight", || gate.in_flight() == 2);
    server.release();
    let exchange = gate.finish(good);
    assert_eq!(forwarded_user(&exchange).as_deref(), Some("u"));
    assert_eq!(exchange.upstream.unwrap().body, b"order");
    let exchange = gate.finish(forged);
    assert_eq!((exchange.status, exchange.upstream), (401, None));
}

fn answers_503_while_keys_are_unavailable<D: Driver>() {
    let signer = signer();
    let server = AuthorizationServer::new();
    for answer in [
        Answer::status(500),
        Answer::status(302).header("location", "http://127.0.0.1:1/jwks"),
        Answer::reset(),
        Answer::json("{}"),
    ] {
        server.answer(JWKS_PATH, answer.clone());
        let gate: D = with_remote_keys(&server);
        let token = token(&gate, &signer, "alice");
        let exchange = get(&gate, "/", &token);
        assert_eq!(exchange.status, 503);
        assert!(
            exchange
                .headers
                .value("retry-after")
                .unwrap()
                .parse::<u64>()
                .unwrap()
                >= 1
        );
        assert_eq!(exchange.headers.value("www-authenticate"), None);
        assert_eq!(exchange.outcome().1, "keys_unavailable");
        assert_eq!(get(&gate, "/", "junk").status, 401, "needs no key");
        // The gate must recover when the server sends good keys.
        server.answer(JWKS_PATH, Answer::json(signer.jwks().to_string()));
        gate.wait_until("recovery", || get(&gate, "/", &token).status == 200);
    }
}

/// An update of the configuration must be able to enable the provider again, without a restart.
fn fetches_no_keys_of_a_disabled_provider<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    let mut config = configuration(&remote_provider());
    config["providers"]["login"]["enabled"] = json!(false);
    let gate: D = start(&Setup::new(config.clone()).cluster("login", &server));
    let token = token(&gate, &signer, "alice");
    assert_eq!(
        get(&gate, "/", &token).outcome(),
        (401, "provider_disabled")
    );
    assert_eq!(server.fetches(JWKS_PATH), 0);
    config["providers"]["login"]["enabled"] = json!(true);
    gate.reconfigure(&config).unwrap();
    gate.wait_until("the provider", || get(&gate, "/", &token).status == 200);
}

fn learns_a_rotated_key<D: Driver>() {
    let (old, new) = (signer(), Signer::new(Algorithm::Rs256));
    let server = publishing(&old);
    let gate: D = with_remote_keys(&server);
    assert_eq!(get(&gate, "/", &token(&gate, &old, "alice")).status, 200);
    let last_success = || gate.metric("portcullis.provider.login.jwks.last_success_seconds");
    let first = last_success().unwrap();
    // The gauge counts whole seconds, so it might not change in a shorter time.
    gate.pass(Duration::from_secs(2));
    server.answer(JWKS_PATH, Answer::json(jwks([&old, &new]).to_string()));
    assert_eq!(get(&gate, "/", &token(&gate, &new, "alice")).status, 200);
    assert_eq!(server.fetches(JWKS_PATH), 2);
    if D::shows_key_metrics_at_once() {
        gate.wait_until("a later success", || last_success().unwrap() > first);
    }
}

/// If a forged token has no `kid`, each key that the module tries costs one verification. The more
/// expensive a verification is, the fewer keys the module tries. The log says whether the module
/// tries all keys.
fn bounds_the_cost_of_verifying_a_token<D: Driver>() {
    for (algorithm, tried) in [(Algorithm::Ps256, 16), (Algorithm::Es512, 2)] {
        for (others, status) in [(tried - 1, 200), (tried, 401)] {
            let own = Signer::new(algorithm).named(None);
            let other = Signer::with_pair(algorithm, Pair::Other).named(None);
            let mut keys = vec![&other; others];
            keys.push(&own);
            let server = AuthorizationServer::new();
            server.answer(JWKS_PATH, Answer::json(jwks(keys).to_string()));
            let gate: D = with_remote_keys(&server);
            let exchange = get(&gate, "/", &token(&gate, &own, "alice"));
            assert_eq!(exchange.status, status, "{algorithm}, {others} others");
            let warning = format!("{} keys have no kid: ", others + 1);
            let follows = [
                "only some of them are tried",
                "all of them are tried for each token",
            ];
            let warning = warning + follows[usize::from(status == 200)];
            gate.wait_until(&warning, || {
                gate.log().iter().any(|line| line.contains(&warning))
            });
        }
    }
}

/// Any client can cause verifications, and each additional bit of a key's exponent makes a
/// verification slower. So the module does not use keys with a large exponent.
fn keys_with_large_rsa_exponents_never_serve<D: Driver>() {
    let signer = Signer::new(Algorithm::Ps256);
    let mut keys = signer.jwks();
    keys["keys"][0]["e"] = json!("AQAD");
    let server = AuthorizationServer::new();
    server.answer(JWKS_PATH, Answer::json(keys.to_string()));
    let gate: D = with_remote_keys(&server);
    let exchange = get(&gate, "/", &token(&gate, &signer, "alice"));
    assert_eq!(exchange.status, 503, "no key of the set can be used");

    let usable = Signer::new(Algorithm::Es256).jwks()["keys"][0].take();
    keys["keys"].as_array_mut().unwrap().push(usable);
    let mut provider = provider();
    provider["local_jwks"] = json!({ "inline_string": keys.to_string() });
    let Err(refused) = D::start(&Setup::new(configuration(&provider))) else {
        panic!("a configured key that would be left out")
    };
    let why = "the RSA exponent must be odd and between 3 and 65537: use 65537";
    assert!(refused.0.contains(why), "{}", refused.0);
}

fn bounds_the_number_of_waiting_requests<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let mut config = configuration(&remote_provider());
    config["limits"]["parked_requests"] = json!(3);
    let gate: D = start(&Setup::new(config).cluster("login", &server));
    let request = Request::get("/").bearer(token(&gate, &signer, "alice"));
    let waiting: Vec<_> = (0..3).map(|_| gate.begin(&request)).collect();
    gate.wait_until("three in flight", || gate.in_flight() == 3);
    let fourth = gate.send(&request);
    assert_eq!(fourth.outcome(), (503, "overloaded"));
    assert_eq!(get(&gate, "/", "junk").status, 401);
    server.release();
    for pending in waiting {
        assert_eq!(gate.finish(pending).status, 200);
    }
}

/// If a token's key has not been fetched yet, the token may be good. The status 503 tells the
/// client to keep the token and try again.
fn answers_503_if_a_token_s_key_may_still_arrive<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    let mut config = configuration(&remote_provider());
    config["limits"]["parked_requests"] = json!(1);
    let gate: D = start(&Setup::new(config).cluster("login", &server));
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "a")).status, 200);
    server.hold();
    let rotated = signer.named(Some("rotated"));
    let request = Request::get("/").bearer(token(&gate, &rotated, "b"));
    let waiting = gate.begin(&request);
    gate.wait_until("one in flight", || gate.in_flight() == 1);
    let second = gate.send(&request);
    assert_eq!(second.outcome(), (503, "overloaded"));
    server.answer(JWKS_PATH, Answer::json(rotated.jwks().to_string()));
    server.release();
    assert_eq!(gate.finish(waiting).status, 200);
}

fn stops_waiting_after_the_timeout<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let mut config = configuration(&remote_provider());
    config["limits"] = json!({ "park_timeout": "0.3s" });
    let gate: D = start(&Setup::new(config).cluster("login", &server));
    let exchange = get(&gate, "/", &token(&gate, &signer, "alice"));
    assert_eq!(exchange.status, 503);
    assert!(exchange.headers.value("retry-after").is_some());
    server.release();
}

fn names_a_missing_cluster<D: Driver>() {
    let gate: D = start(&Setup::new(configuration(&remote_provider())));
    let exchange = get(&gate, "/", &token(&gate, &signer(), "alice"));
    assert_eq!(exchange.status, 503);
    assert!(
        gate.log()
            .iter()
            .any(|line| line.contains("has no cluster named \"login\""))
    );
    assert!(
        !gate.log().iter().any(|line| line.contains("alice")),
        "nothing of a token is logged"
    );
}
