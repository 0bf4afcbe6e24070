//! Public keys in PEM, and keys that are for one issuer.

use std::time::Duration;

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::world::{
    JWKS_PATH, claims, configuration, forwarded_user, get, provider, publishing, remote_provider,
    signer, start, token,
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Setup},
    fake_host::FakeHost,
    on_both_drivers,
    signer::{Pair, Signer},
};

on_both_drivers!(
    verifies_by_a_public_key_in_each_form,
    refuses_by_a_certificate_that_has_expired,
    refuses_a_private_key_without_repeating_it,
    keeps_the_keys_of_tenants_apart,
);

const SPKI: &str = include_str!("../support/keys/p384.pub.pem");
const PKCS1: &str = include_str!("../support/keys/pem/rsa_pkcs1.pem");
const CERTIFICATE: &str = include_str!("../support/keys/pem/p256_cert.pem");
const EXPIRED: &str = include_str!("../support/keys/pem/p256_cert_expired.pem");
/// Ends a minute after the fake host's clock begins.
const ENDING: &str = include_str!("../support/keys/pem/p256_cert_ending.pem");

fn with_public_keys<D: Driver>(pem: &[&str]) -> D {
    let mut provider = provider();
    provider["public_keys"] = json!({ "pem": pem });
    start(&Setup::new(configuration(&provider)))
}

fn verifies_by_a_public_key_in_each_form<D: Driver>() {
    let gate: D = with_public_keys(&[&format!("{SPKI}{PKCS1}"), CERTIFICATE]);
    for algorithm in [
        Algorithm::Es384,
        Algorithm::Rs256,
        Algorithm::Ps512,
        Algorithm::Es256,
    ] {
        let own = Signer::new(algorithm);
        let exchange = get(&gate, "/", &token(&gate, &own, "alice"));
        assert_eq!(forwarded_user(&exchange).as_deref(), Some("alice"));
        let nameless = token(&gate, &own.named(None), "bob");
        assert_eq!(get(&gate, "/", &nameless).status, 200, "{algorithm}");
        let other = Signer::with_pair(algorithm, Pair::Other);
        assert_eq!(get(&gate, "/", &token(&gate, &other, "eve")).status, 401);
    }
    let other_type = token(&gate, &Signer::new(Algorithm::EdDsa), "eve");
    assert_eq!(get(&gate, "/", &other_type).status, 401);
}

fn refuses_by_a_certificate_that_has_expired<D: Driver>() {
    let gate: D = with_public_keys(&[EXPIRED, SPKI]);
    let exchange = get(&gate, "/", &token(&gate, &signer(), "alice"));
    assert_eq!(exchange.status, 401);
    assert_eq!(exchange.details, "portcullis_denied{unknown_key}");
    let spki = Signer::new(Algorithm::Es384);
    assert_eq!(get(&gate, "/", &token(&gate, &spki, "alice")).status, 200);
    let warning = "providers.login.public_keys: the certificate of key 0 has expired";
    assert!(gate.log().iter().any(|line| line.contains(warning)));
}

/// Only the fake host's clock can be moved.
#[test]
fn certificate_serves_to_its_last_second() {
    let gate: FakeHost = with_public_keys(&[ENDING]);
    let token = token(&gate, &signer(), "alice");
    let end = gate.now() + 60;
    assert_eq!(get(&gate, "/", &token).status, 200);
    gate.pass(Duration::from_secs(60));
    assert_eq!((gate.now(), get(&gate, "/", &token).status), (end, 200));
    gate.pass(Duration::from_secs(1));
    let exchange = get(&gate, "/", &token);
    assert_eq!(exchange.status, 401);
    assert_eq!(exchange.details, "portcullis_denied{unknown_key}");
}

fn refuses_a_private_key_without_repeating_it<D: Driver>() {
    let mut provider = provider();
    let text = CERTIFICATE.replace("CERTIFICATE", "EC PRIVATE KEY");
    provider["public_keys"] = json!({ "pem": [SPKI, text] });
    let Err(refused) = D::start(&Setup::new(configuration(&provider))) else {
        panic!("accepted a private key")
    };
    let expected = "providers.login.public_keys.pem[1]: a private key is a secret";
    assert!(refused.0.contains(expected), "{}", refused.0);
    let refusals = refused.0.lines().filter(|line| line.contains("refused:"));
    for line in refusals {
        assert!(!line.contains(text.lines().nth(1).unwrap()), "{line}");
    }
}

/// Two tenants of one server, which publishes the keys of both.
fn keeps_the_keys_of_tenants_apart<D: Driver>() {
    let (ours, theirs) = (signer(), Signer::new(Algorithm::Es384));
    let issued = |signer: &Signer, issuer: &str| {
        let mut jwk = signer.jwk();
        jwk["issuer"] = json!(issuer);
        jwk
    };
    let server = publishing(&ours);
    let keys = json!({ "keys": [
        issued(&ours, "https://login.example.com/{tenantid}/v2.0"),
        issued(&theirs, "https://login.example.com/theirs/v2.0"),
    ]});
    server.answer(JWKS_PATH, Answer::json(keys.to_string()));
    let gate = |key_issuer: &str| -> D {
        let mut provider = remote_provider();
        provider["issuer"] = json!("https://login.example.com/{tid}/v2.0");
        provider["allow_any_tenant"] = json!(true);
        provider["key_issuer"] = json!(key_issuer);
        start(&Setup::new(configuration(&provider)).cluster("login", &server))
    };
    let send = |gate: &D, signer: &Signer, tenant: &str| {
        let mut claims: Value = claims(gate, "alice");
        claims["iss"] = json!(format!("https://login.example.com/{tenant}/v2.0"));
        claims["tid"] = json!(tenant);
        get(gate, "/", &signer.sign_claims(&claims))
    };
    let strict = gate("match");
    assert_eq!(send(&strict, &ours, "ours").status, 200);
    assert_eq!(send(&strict, &theirs, "theirs").status, 200);
    let before = server.fetches(JWKS_PATH);
    for _ in 0..3 {
        let exchange = send(&strict, &theirs, "ours");
        assert_eq!(exchange.status, 401, "their key signs for our tenant");
        assert_eq!(exchange.details, "portcullis_denied{unknown_key}");
    }
    assert_eq!(
        server.fetches(JWKS_PATH),
        before + 1,
        "one look, then the cool-down"
    );
    assert_eq!(send(&gate("ignore"), &theirs, "ours").status, 200);
}
