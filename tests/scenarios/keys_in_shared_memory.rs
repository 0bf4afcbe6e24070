//! Another module of the proxy with the same `vm_id`, which writes whatever it likes over the
//! fetched keys. In Envoy it is a separate module ahead of the gate; in the fake host it is the
//! test.
//!
//! With `shared_memory_key`, none of these writes adds a key. Without it, the same writes let
//! forged tokens in, which proves that the setting makes the difference.

use std::path::{Path, PathBuf};

use portcullis::{config::Config, engine::Engine, jose::Algorithm};
use serde_json::{Value, json};

use crate::{
    signer::{Pair, Signer, jwks},
    support::{
        authorization_server::Answer,
        driver::{Driver, Request, Setup},
        envoy::{Envoy, bootstrap},
        fake_host::FakeHost,
        on_both_drivers,
    },
    world::{JWKS_PATH, configuration, get, publishing, remote_provider, signer, start, token},
};

on_both_drivers!(
    in_envoy super::intruder();
    a_planted_key_verifies_nothing,
    a_planted_key_verifies_without_the_secret,
    one_providers_record_is_not_anothers,
    an_older_record_brings_no_withdrawn_key_back,
    an_older_record_brings_a_withdrawn_key_back_without_the_secret,
    garbage_costs_no_request,
    the_secret_is_asked_for_where_anyone_shares_the_memory,
);

const SECRET: &str = "c2hhcmVkLW1lbW9yeS1rZXktb2YtMzItb2N0ZXRzLi4";
/// Octets of a tag.
const TAG: usize = 32;

/// A driver whose gate shares its memory with another module, which can write there.
trait Shared: Driver {
    /// Adds the other module.
    fn with_intruder(setup: Setup) -> Setup;

    fn read(&self, name: &str) -> Option<Vec<u8>>;

    fn overwrite(&self, name: &str, value: &[u8]);
}

impl Shared for FakeHost {
    fn with_intruder(setup: Setup) -> Setup {
        setup
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let process = self.process();
        let entry = process.shared_data.read(name.as_bytes());
        entry.map(|(value, _)| value.to_vec())
    }

    fn overwrite(&self, name: &str, value: &[u8]) {
        self.process().shared_data.write(name.as_bytes(), value, 0);
    }
}

impl Shared for Envoy {
    fn with_intruder(setup: Setup) -> Setup {
        let probe = Setup {
            module: Some(intruder()),
            vm_id: setup.vm_id.clone(),
            ..Setup::default()
        };
        let mut filter = bootstrap::wasm_filter(&probe, &json!({}));
        filter["name"] = json!("intruder");
        let filters_ahead = vec![filter];
        Setup {
            filters_ahead,
            ..setup
        }
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let digits = play(self, &format!("hex {name}"));
        let digits = digits.as_str()?.as_bytes().chunks(2);
        let octets =
            digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
        Some(octets.collect())
    }

    fn overwrite(&self, name: &str, value: &[u8]) {
        let digits: String = value.iter().map(|octet| format!("{octet:02x}")).collect();
        let done = play(self, &format!("overwrite {name} {digits}"));
        assert_eq!(done, "Ok");
    }
}

/// The module that writes on demand, where `make test-scenarios` puts it.
fn intruder() -> PathBuf {
    const BUILT: &str = "target/probe/wasm32-unknown-unknown/release/probe.wasm";
    Path::new(env!("CARGO_MANIFEST_DIR")).join(BUILT)
}

fn play(gate: &Envoy, script: &str) -> Value {
    let exchange = gate.send(&Request::get("/").header("script", script));
    assert_eq!(exchange.status, 200, "{exchange:?}");
    serde_json::from_slice::<Value>(&exchange.body).unwrap()[0].take()
}

fn with_secret(mut configuration: Value, secret: Option<&str>) -> Value {
    configuration["shared_memory_key"] = json!(secret);
    configuration
}

/// The names of the records that a gate of this configuration has.
fn record_names(configuration: &Value) -> Vec<String> {
    let config = Config::parse(configuration.to_string().as_bytes()).unwrap();
    let engine = Engine::new(config);
    engine.keys().record_names().map(str::to_owned).collect()
}

/// The record with another document, as if it had been fetched later.
fn forged(record: &[u8], document: &Value) -> Vec<u8> {
    let mut forged: Value = serde_json::from_slice(record).unwrap();
    forged["jwks"] = json!(document.to_string());
    for number in ["generation", "revision", "fetched_at"] {
        forged[number] = json!(forged[number].as_u64().unwrap() + 1);
    }
    forged.to_string().into_bytes()
}

/// A signer with an unpublished key and its own `kid`: its tokens make a worker read the record.
fn mallory() -> Signer {
    Signer::with_pair(Algorithm::Es256, Pair::Other).named(Some("mallory"))
}

fn a_planted_key_verifies_nothing<D: Shared>() {
    let signer = signer();
    let server = publishing(&signer);
    let configuration = with_secret(configuration(&remote_provider()), Some(SECRET));
    let setup = Setup::new(configuration.clone()).cluster("login", &server);
    let gate: D = start(&D::with_intruder(setup));
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    let name = &record_names(&configuration)[0];
    let genuine = gate.read(name).unwrap();
    let (tag, record) = genuine.split_at(TAG);
    let planted = forged(record, &mallory().jwks());
    for (what, value) in [
        ("without a tag", planted.clone()),
        ("with another record's tag", [tag, &planted].concat()),
        ("with a tag of zeros", [&[0; TAG][..], &planted].concat()),
    ] {
        gate.overwrite(name, &value);
        let answer = get(&gate, "/", &token(&gate, &mallory(), "root"));
        assert_eq!((answer.status, answer.upstream), (401, None), "{what}");
        assert_eq!(get(&gate, "/", &token(&gate, &signer, "bob")).status, 200);
    }
    let log = gate.log().join("\n");
    assert!(!log.contains(SECRET), "{log}");
}

fn a_planted_key_verifies_without_the_secret<D: Shared>() {
    let signer = signer();
    let server = publishing(&signer);
    let configuration = configuration(&remote_provider());
    let setup = Setup::new(configuration.clone()).cluster("login", &server);
    let gate: D = start(&D::with_intruder(setup));
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    let name = &record_names(&configuration)[0];
    let planted = forged(&gate.read(name).unwrap(), &mallory().jwks());
    gate.overwrite(name, &planted);
    let forged = token(&gate, &mallory(), "root");
    gate.wait_until("the planted key", || get(&gate, "/", &forged).status == 200);
}

fn one_providers_record_is_not_anothers<D: Shared>() {
    let (own, partner) = (signer(), mallory());
    let server = publishing(&own);
    server.answer("/partner", Answer::json(partner.jwks().to_string()));
    let mut configuration = configuration(&remote_provider());
    let mut other = remote_provider();
    other["issuer"] = json!("https://partner.example.com");
    other["remote_jwks"]["http_uri"]["uri"] = json!("https://login.example.com/partner");
    configuration["providers"]["partner"] = other;
    let configuration = with_secret(configuration, Some(SECRET));
    let setup = Setup::new(configuration.clone()).cluster("login", &server);
    let gate: D = start(&D::with_intruder(setup));
    assert_eq!(get(&gate, "/", &token(&gate, &own, "alice")).status, 200);
    let names = record_names(&configuration);
    gate.wait_until("both key sets", || server.fetches("/partner") > 0);
    gate.wait_until("the partner's record", || {
        let record = gate.read(&names[1]).unwrap_or_default();
        String::from_utf8_lossy(&record).contains("mallory")
    });
    let [own_record, partners] = [0, 1].map(|n| gate.read(&names[n]).unwrap());
    gate.overwrite(&names[0], &partners);
    gate.overwrite(&names[1], &own_record);
    // Of our issuer, and signed by the partner.
    let answer = get(&gate, "/", &token(&gate, &partner, "root"));
    assert_eq!((answer.status, answer.upstream), (401, None));
    assert_eq!(get(&gate, "/", &token(&gate, &own, "bob")).status, 200);
}

fn an_older_record_brings_no_withdrawn_key_back<D: Shared>() {
    let (gate, withdrawn) = after_a_withdrawal::<D>(Some(SECRET));
    // The worker reads the record for it, since an unknown kid may be in a newer one.
    let answer = get(&gate, "/", &withdrawn);
    assert_eq!((answer.status, answer.upstream), (401, None));
    let mut ticks = 0;
    gate.wait_until("ticks", || {
        ticks += 1;
        assert_eq!(get(&gate, "/", &withdrawn).status, 401);
        ticks > 20
    });
}

fn an_older_record_brings_a_withdrawn_key_back_without_the_secret<D: Shared>() {
    let (gate, withdrawn) = after_a_withdrawal::<D>(None);
    gate.wait_until("the old key", || get(&gate, "/", &withdrawn).status == 200);
}

/// A gate that has seen its issuer replace a key, a record that still has the old key, and a token
/// that the old key signed.
fn after_a_withdrawal<D: Shared>(secret: Option<&str>) -> (D, String) {
    let (old, new) = (signer(), Signer::new(Algorithm::Rs256));
    let server = publishing(&old);
    let configuration = with_secret(configuration(&remote_provider()), secret);
    let setup = Setup::new(configuration.clone()).cluster("login", &server);
    let gate: D = start(&D::with_intruder(setup));
    assert_eq!(get(&gate, "/", &token(&gate, &old, "alice")).status, 200);
    let name = &record_names(&configuration)[0];
    let older = gate.read(name).unwrap();
    server.answer(JWKS_PATH, Answer::json(jwks([&new]).to_string()));
    assert_eq!(get(&gate, "/", &token(&gate, &new, "alice")).status, 200);
    let withdrawn = token(&gate, &old, "alice");
    assert_eq!(get(&gate, "/", &withdrawn).status, 401);
    gate.overwrite(name, &older);
    (gate, withdrawn)
}

fn garbage_costs_no_request<D: Shared>() {
    let (old, new) = (signer(), Signer::new(Algorithm::Rs256));
    let server = publishing(&old);
    let configuration = with_secret(configuration(&remote_provider()), Some(SECRET));
    let setup = Setup::new(configuration.clone()).cluster("login", &server);
    let gate: D = start(&D::with_intruder(setup));
    let good = token(&gate, &old, "alice");
    assert_eq!(get(&gate, "/", &good).status, 200);
    let name = &record_names(&configuration)[0];
    for garbage in [
        Vec::from(&b"x"[..]),
        vec![0; TAG - 1],
        vec![0xff; TAG],
        vec![b'{'; 10_000],
        gate.read(name).unwrap()[1..].to_vec(),
    ] {
        gate.overwrite(name, &garbage);
        assert_eq!(get(&gate, "/", &good).status, 200);
    }
    assert_eq!(server.fetches(JWKS_PATH), 1);
    // The next fetch overwrites it.
    server.answer(JWKS_PATH, Answer::json(jwks([&old, &new]).to_string()));
    assert_eq!(get(&gate, "/", &token(&gate, &new, "bob")).status, 200);
    assert_eq!(get(&gate, "/", &good).status, 200);
}

fn the_secret_is_asked_for_where_anyone_shares_the_memory<D: Shared>() {
    let signer = signer();
    for (vm_id, secret, is_asked_for) in [
        ("", None, true),
        ("", Some(SECRET), false),
        ("own", None, false),
    ] {
        let server = publishing(&signer);
        let setup = Setup {
            vm_id: Some(vm_id.to_owned()),
            ..Setup::new(with_secret(configuration(&remote_provider()), secret))
        };
        let gate: D = start(&setup.cluster("login", &server));
        assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
        let log = gate.log().join("\n");
        let asked_for = log.contains("configuration: shared_memory_key: without it");
        assert_eq!(asked_for, is_asked_for, "{vm_id:?} {secret:?}: {log}");
        assert!(!log.contains(SECRET), "{log}");
    }
}
