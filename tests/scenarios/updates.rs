//! Configurations that change while clients send requests.
//!
//! While a change is under way, a request may get the answer of the old or of the new
//! configuration. Before and after the change, only one answer is correct. No connection may end
//! without an answer.

use std::time::Duration;

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::world::{
    JWKS_PATH, configuration, get, publishing, remote_provider, signer, start, token,
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Request, Setup},
    envoy::{Envoy, InEnvoy, bootstrap::wasm_filter_of_another_vm, new_vm_id},
    in_envoy,
    load::{Load, Shot},
    on_both_builds,
    signer::{Pair, Signer},
};

on_both_builds!(
    answers_are_right_while_providers_come_and_go,
    a_request_that_waits_is_answered_through_an_update,
);
in_envoy!(the_end_of_another_vm_with_the_same_vm_id_costs_no_record);

const CLIENTS: usize = 16;
const PAUSE: Duration = Duration::from_millis(10);
/// The minimum number of good requests, and of requests with the partner's tokens, between two
/// changes.
const ENOUGH: u64 = 100;
const PARTNER: &str = "https://partner.example.com";

fn answers_are_right_while_providers_come_and_go<D: InEnvoy>() {
    let (own, partner) = (signer(), Signer::new(Algorithm::Es384));
    let server = publishing(&own);
    server.answer("/partner", Answer::json(partner.jwks().to_string()));
    let setup = Setup::new(configuration(&remote_provider())).cluster("login", &server);
    let gate: D = start(&setup.balanced_workers(4));
    let tokens = Tokens::signed(&gate, &own, &partner);
    let load = Load::start(gate.address(), CLIENTS, PAUSE, tokens.mix(&[401]));

    let mut right = 401;
    for (change, partner, then) in changes() {
        load.change(tokens.mix(&[right, then]));
        let mut config = configuration(&remote_provider());
        if let Some(partner) = partner {
            config["providers"]["partner"] = partner;
            let rule = json!({
                "match": { "prefix": "/partner" }, "requires": { "provider_name": "partner" },
            });
            config["rules"].as_array_mut().unwrap().insert(0, rule);
        }
        // Each configuration must differ from all earlier ones, or Envoy would see no change.
        config["realm"] = json!(change);
        gate.reconfigure(&config)
            .unwrap_or_else(|refused| panic!("{change}: {}", refused.0));
        load.change(tokens.mix(&[then]));
        let seen = |kind, status| load.tally().of(kind, status);
        let before = (seen("good", 200), seen("partner", then));
        gate.wait_until(change, || {
            seen("good", 200) > before.0 + ENOUGH && seen("partner", then) > before.1 + ENOUGH
        });
        load.tally().assert_right();
        right = then;
    }
    load.stop().assert_right();
    // The URL of the keys did not change, so the keys that were fetched first are still used.
    assert_eq!(server.fetches(JWKS_PATH), 1);
    let taken = gate.taken_by_worker();
    assert!(taken.iter().all(|taken| *taken > 0), "{taken:?}");
}

/// Envoy keeps the old configuration until its requests have ended.
fn a_request_that_waits_is_answered_through_an_update<D: InEnvoy>() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let mut config = configuration(&remote_provider());
    let setup = Setup {
        keeps_connections: true,
        ..Setup::new(config.clone()).cluster("login", &server)
    };
    let gate: D = start(&setup.workers(2));
    let request = Request::get("/").bearer(token(&gate, &signer, "alice"));
    let waiting: Vec<_> = (0..4).map(|_| gate.begin(&request)).collect();
    gate.wait_until("all in flight", || gate.in_flight() == 4);
    config["realm"] = json!("second");
    gate.reconfigure(&config).unwrap();
    server.release();
    for pending in waiting {
        assert_eq!(gate.finish(pending).status, 200);
    }
    assert_eq!(gate.send(&request).status, 200);
}

/// Plugins with the same `vm_id` but different VM configurations run in separate VMs that share
/// memory. When one VM ends, the fetched keys must remain for the others.
fn the_end_of_another_vm_with_the_same_vm_id_costs_no_record() {
    let signer = signer();
    let server = publishing(&signer);
    let alone = Setup {
        vm_id: Some(new_vm_id()),
        ..Setup::new(configuration(&remote_provider())).cluster("login", &server)
    };
    let mut open = configuration(&remote_provider());
    open["rules"] = json!([{ "match": { "prefix": "/" } }]);
    let other = wasm_filter_of_another_vm(&alone, &open);
    let mut both = alone.clone();
    both.filters_ahead.push(other);

    let gate: Envoy = start(&both);
    let keys = || gate.metric("portcullis.provider.login.keys");
    let good = token(&gate, &signer, "alice");
    assert_eq!(get(&gate, "/", &good).status, 200);
    gate.wait_until("the gauge", || keys() == Some(1));
    let vms = gate.vms();
    gate.replace(&alone).unwrap();
    gate.wait_until("the end of the other VM", || gate.vms() < vms);
    // A new configuration text makes Envoy create new contexts, which take their keys from shared
    // memory.
    let mut next = alone;
    next.configuration["realm"] = json!("next");
    gate.replace(&next).unwrap();
    let fresh = token(&gate, &signer, "bob");
    assert_eq!(get(&gate, "/", &fresh).status, 200);
    assert_eq!(keys(), Some(1));
    assert_eq!(server.fetches(JWKS_PATH), 1);
}

/// The changes to the provider `partner`, each with the status that the partner's tokens get
/// afterwards.
fn changes() -> Vec<(&'static str, Option<Value>, u16)> {
    let mut provider = remote_provider();
    provider["issuer"] = json!(PARTNER);
    provider["remote_jwks"]["http_uri"]["uri"] = json!(format!("{PARTNER}/partner"));
    let mut edited = provider.clone();
    edited["audiences"] = json!(["elsewhere"]);
    let mut disabled = provider.clone();
    disabled["enabled"] = json!(false);
    vec![
        ("added", Some(provider.clone()), 200),
        ("edited", Some(edited), 401),
        ("edited back", Some(provider.clone()), 200),
        ("disabled", Some(disabled), 401),
        ("enabled", Some(provider), 200),
        ("deleted", None, 401),
    ]
}

struct Tokens {
    good: String,
    forged: String,
    partner: String,
}

impl Tokens {
    fn signed(gate: &impl Driver, own: &Signer, partner: &Signer) -> Self {
        let forger = Signer::with_pair(own.alg, Pair::Other);
        let claims = json!({
            "iss": PARTNER, "aud": "orders", "sub": "bob", "exp": gate.now() + 600,
        });
        Self {
            good: token(gate, own, "alice"),
            forged: token(gate, &forger, "alice"),
            partner: partner.sign_claims(&claims),
        }
    }

    /// Requests of each kind. `partner` contains the correct statuses for requests with the
    /// partner's tokens.
    fn mix(&self, partner: &[u16]) -> [Shot; 3] {
        let with = |path, token| Request::get(path).bearer(token);
        [
            Shot::new("good", with("/", &self.good), &[200]).of_user("alice"),
            Shot::new("forged", with("/", &self.forged), &[401]),
            Shot::new("partner", with("/partner", &self.partner), partner).of_user("bob"),
        ]
    }
}
