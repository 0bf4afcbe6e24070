//! An intruder plants, swaps and restores records of fetched keys, or overwrites them with garbage.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use super::{SECRET, Shared, TAG, intruder, record_names, with_secret};
use crate::world::{
    JWKS_PATH, configuration, get, publishing, remote_provider, signer, start, token,
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Setup},
    on_every_driver,
    signer::{Pair, Signer, jwks},
};

on_every_driver!(
    in_envoy super::intruder();
    a_planted_key_verifies_nothing,
    a_planted_key_verifies_without_the_secret,
    one_provider_s_record_is_not_another_s,
    an_older_record_brings_no_withdrawn_key_back,
    an_older_record_brings_a_withdrawn_key_back_without_the_secret,
    an_older_record_brings_no_withdrawn_key_back_at_an_update,
    garbage_costs_no_request,
    warns_without_the_secret_if_anyone_may_share_the_memory,
);

/// Returns the record with another key set and later times, as if a worker had just fetched that
/// key set.
fn forged(record: &[u8], document: &Value) -> Vec<u8> {
    let mut forged: Value = serde_json::from_slice(record).unwrap();
    forged["jwks"] = json!(document.to_string());
    for number in ["generation", "revision", "fetched_at"] {
        forged[number] = json!(forged[number].as_u64().unwrap() + 1);
    }
    forged.to_string().into_bytes()
}

/// A signer whose key is not published. No worker knows the `kid` of its tokens, so each token
/// makes a worker read the record again.
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

fn one_provider_s_record_is_not_another_s<D: Shared>() {
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
    // The partner's key has signed a token that names our issuer.
    let answer = get(&gate, "/", &token(&gate, &partner, "root"));
    assert_eq!((answer.status, answer.upstream), (401, None));
    assert_eq!(get(&gate, "/", &token(&gate, &own, "bob")).status, 200);
}

fn an_older_record_brings_no_withdrawn_key_back<D: Shared>() {
    let (gate, withdrawn) = after_a_withdrawal::<D>(Some(SECRET));
    // The worker does not know the token's `kid`, so it reads the record again.
    stays_withdrawn(&gate, &withdrawn);
}

/// The intruder restores the older record before the update, so the new configuration has never
/// read the newer record.
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
    gate.wait_until("enough ticks", || {
        ticks += 1;
        assert_eq!(get(gate, "/", withdrawn).status, 401);
        ticks > 20
    });
}

fn an_older_record_brings_a_withdrawn_key_back_without_the_secret<D: Shared>() {
    let (gate, withdrawn) = after_a_withdrawal::<D>(None);
    gate.wait_until("the old key", || get(&gate, "/", &withdrawn).status == 200);
}

/// A gate whose issuer has replaced a key, and a token that the old key signed. An intruder has
/// restored the record that still contains the old key.
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
    // The next fetch overwrites the record.
    server.answer(JWKS_PATH, Answer::json(jwks([&old, &new]).to_string()));
    assert_eq!(get(&gate, "/", &token(&gate, &new, "bob")).status, 200);
    assert_eq!(get(&gate, "/", &good).status, 200);
}

fn warns_without_the_secret_if_anyone_may_share_the_memory<D: Shared>() {
    let signer = signer();
    for (vm_id, secret, warns) in [
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
        let warned = log.contains("configuration: shared_memory_key: without shared_memory_key");
        assert_eq!(warned, warns, "{vm_id:?} {secret:?}: {log}");
        assert!(!log.contains(SECRET), "{log}");
    }
}
