//! Another module of the proxy with the same `vm_id`, which writes whatever it likes over the
//! fetched keys and the workers' other records. In Envoy it is a separate module ahead of the gate; in the fake host it is the
//! test.
//!
//! With `shared_memory_key`, none of these writes counts. Without it, the same writes let forged
//! and revoked tokens in, which proves that the setting makes the difference.

use std::{path::PathBuf, time::Duration};

use portcullis::{
    config::Config,
    engine::Engine,
    jose::Algorithm,
    shared_memory::{Expected, SealedRecord, SetSharedDataError, SharedData, SharedMemory},
};
use portcullis_wasm::{SeenRecords, SharedRecords};
use serde_json::{Value, json};

use crate::{
    open_connections::{NOW, Policy, await_status, keeping},
    world::{JWKS_PATH, configuration, get, publishing, remote_provider, signer, start, token},
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Request, Setup},
    envoy::{Envoy, bootstrap, new_vm_id},
    fake_host::FakeHost,
    in_envoy, on_both_drivers,
    signer::{Pair, Signer, jwks},
};

on_both_drivers!(
    in_envoy super::intruder();
    a_planted_key_verifies_nothing,
    a_planted_key_verifies_without_the_secret,
    one_providers_record_is_not_anothers,
    an_older_record_brings_no_withdrawn_key_back,
    an_older_record_brings_a_withdrawn_key_back_without_the_secret,
    an_older_record_brings_no_withdrawn_key_back_at_an_update,
    garbage_costs_no_request,
    the_secret_is_asked_for_where_anyone_shares_the_memory,
    no_record_makes_an_older_configuration_the_newest,
    a_record_makes_an_older_configuration_the_newest_without_the_secret,
);

in_envoy!(
    no_forged_count_has_a_record_cleared_that_is_in_use,
    a_forged_count_has_a_record_cleared_that_is_in_use_without_the_secret,
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
        let vm_id = Some(new_vm_id());
        let probe = Setup {
            module: Some(intruder()),
            vm_id: vm_id.clone(),
            ..Setup::default()
        };
        let mut filter = bootstrap::wasm_filter(&probe, &json!({}));
        filter["name"] = json!("intruder");
        let filters_ahead = vec![filter];
        Setup {
            filters_ahead,
            vm_id,
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
    const BUILT: &str = "target/wasm32-unknown-unknown/release/probe.wasm";
    support::folders::project().join(BUILT)
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

/// Memory that nobody writes to.
struct Nowhere;

impl SharedMemory for Nowhere {
    fn shared_data(&self, _: &str) -> Option<SharedData> {
        None
    }

    fn set_shared_data(&self, _: &str, _: &[u8], _: Expected) -> Result<(), SetSharedDataError> {
        Err(SetSharedDataError::Refused)
    }
}

/// The names of the records that a gate of this configuration has.
fn record_names(configuration: &Value) -> Vec<String> {
    let config = Config::parse(configuration.to_string().as_bytes()).unwrap();
    let engine = Engine::new(config);
    let records = SharedRecords::of(&engine, Nowhere, &mut SeenRecords::new());
    records.names().map(str::to_owned).collect()
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
    stays_withdrawn(&gate, &withdrawn);
}

/// The new configuration itself has seen no record yet.
fn an_older_record_brings_no_withdrawn_key_back_at_an_update<D: Shared>() {
    let (gate, withdrawn) = after_a_withdrawal::<D>(Some(SECRET));
    let mut next = with_secret(configuration(&remote_provider()), Some(SECRET));
    next["realm"] = json!("next");
    gate.reconfigure(&next).unwrap();
    gate.wait_until("the update", || {
        let answer = get(&gate, "/", "x");
        let challenge = answer.headers.value("www-authenticate");
        challenge.is_some_and(|challenge| challenge.contains("next"))
    });
    stays_withdrawn(&gate, &withdrawn);
}

fn stays_withdrawn(gate: &impl Driver, withdrawn: &str) {
    let answer = get(gate, "/", withdrawn);
    assert_eq!((answer.status, answer.upstream), (401, None));
    let mut ticks = 0;
    gate.wait_until("ticks", || {
        ticks += 1;
        assert_eq!(get(gate, "/", withdrawn).status, 401);
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

fn no_record_makes_an_older_configuration_the_newest<D: Shared>() {
    let mut updated = Updated::<D>::new(Some(SECRET));
    let (older, newer) = (updated.older.clone(), updated.record());
    let forged = later(&older[TAG..]);
    for (what, value) in [
        ("an older record", older.clone()),
        ("without a tag", forged.clone()),
        ("with the older tag", [&older[..TAG], &forged].concat()),
        ("with the newer tag", [&newer[..TAG], &forged].concat()),
    ] {
        updated.gate.overwrite(&updated.name, &value);
        let mut ticks = 0;
        let Updated {
            gate, old, policy, ..
        } = &mut updated;
        gate.wait_until("ticks", || {
            ticks += 1;
            let answer = gate.send_on(old, &policy.revoked);
            assert_eq!((answer.status, answer.upstream), (401, None), "{what}");
            gate.pass(TICK);
            ticks > 5
        });
    }
}

fn a_record_makes_an_older_configuration_the_newest_without_the_secret<D: Shared>() {
    let mut updated = Updated::<D>::new(None);
    let forged = later(&updated.older);
    updated.gate.overwrite(&updated.name, &forged);
    let Updated {
        gate, old, policy, ..
    } = &mut updated;
    gate.wait_until("the old configuration", || {
        gate.send_on(old, &policy.revoked).status == 200
    });
}

/// At least the time between two ticks of an idle gate.
const TICK: Duration = Duration::from_millis(100);

/// A gate with an update that revoked a token, and a connection from before it.
struct Updated<D: Driver> {
    gate: D,
    old: D::Connection,
    policy: Policy,
    /// Of the record that says which configuration is the newest.
    name: String,
    /// The record from before the update.
    older: Vec<u8>,
}

impl<D: Shared> Updated<D> {
    fn new(secret: Option<&str>) -> Self {
        let mut policy = Policy::new(NOW, Some("orders"));
        policy.config = with_secret(policy.config, secret);
        let gate: D = start(&D::with_intruder(keeping(policy.config.clone())));
        let mut old = gate.connect();
        assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
        let config = Config::parse(policy.config.to_string().as_bytes()).unwrap();
        let key = config.shared_memory_key.as_ref();
        let name = SealedRecord::about("policy/1", "orders", key)
            .name()
            .to_owned();
        let older = gate.read(&name).unwrap();
        gate.reconfigure(&policy.revoking()).unwrap();
        await_status(&gate, &policy.revoked, 401);
        assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 401);
        Self {
            gate,
            old,
            policy,
            name,
            older,
        }
    }

    fn record(&self) -> Vec<u8> {
        self.gate.read(&self.name).unwrap()
    }
}

/// The record of a configuration, as if it had taken the newest connection of all.
fn later(record: &[u8]) -> Vec<u8> {
    let (digest, _) = record.split_at(32);
    [digest, &u64::MAX.to_le_bytes()].concat()
}

fn no_forged_count_has_a_record_cleared_that_is_in_use() {
    let (gate, name) = after_a_forged_count(Some(SECRET));
    let record = gate.read(&name).unwrap();
    assert!(record.len() > TAG, "{record:?}");
}

fn a_forged_count_has_a_record_cleared_that_is_in_use_without_the_secret() {
    let (gate, name) = after_a_forged_count(None);
    gate.wait_until("the end of the record", || {
        gate.read(&name).unwrap_or_default().is_empty()
    });
}

/// A gate, and the name of the record that it uses, after a count of one user was planted and another VM
/// that used the record has gone.
fn after_a_forged_count(secret: Option<&str>) -> (Envoy, String) {
    let server = publishing(&signer());
    let configuration = with_secret(configuration(&remote_provider()), secret);
    let name = record_names(&configuration).remove(0);
    let setup = Setup::new(configuration.clone()).cluster("login", &server);
    let alone = Envoy::with_intruder(setup);
    let mut both = alone.clone();
    let other = bootstrap::wasm_filter_of_another_vm(&alone, &configuration);
    both.filters_ahead.push(other);
    let gate: Envoy = start(&both);

    gate.wait_until("the record", || gate.read(&name).is_some());
    let users = format!("portcullis/users/1/{name}");
    let count = || gate.read(&users).unwrap_or_default();
    // Each VM has an instance on the main thread and on the worker.
    gate.wait_until("all users", || count().ends_with(&4_u32.to_le_bytes()));
    let genuine = count();
    let (tag, _) = genuine.split_at(genuine.len() - 4);
    gate.overwrite(&users, &[tag, &1_u32.to_le_bytes()].concat());
    let vms = gate.vms();
    gate.replace(&alone).unwrap();
    gate.wait_until("the end of the other VM", || gate.vms() < vms);
    (gate, name)
}
