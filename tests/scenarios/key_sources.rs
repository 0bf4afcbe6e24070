//! Keys that are part of the configuration, and published keys that are valid for only one issuer.

use std::time::Duration;

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::world::{
    JWKS_PATH, a_path_for_each, claims, configuration, forwarded_user, get, provider, publishing,
    remote_provider, signer, start, token,
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Setup},
    fake_host::FakeHost,
    objects::with,
    on_every_driver,
    signer::{Pair, Signer, jwks},
};

on_every_driver!(
    verifies_by_configured_keys_in_each_form,
    a_certificate_that_has_expired_verifies_nothing,
    refuses_a_private_key_without_repeating_it,
    keeps_the_keys_of_tenants_apart,
);

const SPKI: &str = include_str!("../support/keys/p384.pub.pem");
const PKCS1: &str = include_str!("../support/keys/pem/rsa_pkcs1.pem");
const CERTIFICATE: &str = include_str!("../support/keys/pem/p256_cert.pem");
const EXPIRED: &str = include_str!("../support/keys/pem/p256_cert_expired.pem");
const RSA_CERTIFICATE: &str = include_str!("../support/keys/pem/rsa_cert.pem");
/// A certificate that expires one minute after the time at which the fake host's clock starts.
const ENDING: &str = include_str!("../support/keys/pem/p256_cert_ending.pem");

fn with_public_keys<D: Driver>(pem: &[&str]) -> D {
    let mut provider = provider();
    provider["public_keys"] = json!({ "pem": pem });
    start(&Setup::new(configuration(&provider)))
}

/// Keys can be configured in SPKI, in PKCS #1, as certificates or as a key set. A provider can have
/// several keys.
fn verifies_by_configured_keys_in_each_form<D: Driver>() {
    let with_keys = |field: &str, value: Value| with(provider(), &json!({ field: value }));
    let several = format!("{SPKI}{PKCS1}");
    let key_set = jwks(&[Algorithm::Es256, Algorithm::Rs256].map(Signer::new)).to_string();
    let gate: D = start(&Setup::new(a_path_for_each(&json!({
        "pem": with_keys("public_keys", json!({ "pem": [several, CERTIFICATE] })),
        "certificates": with_keys("public_keys", json!({ "pem": [CERTIFICATE, RSA_CERTIFICATE] })),
        "jwks": with_keys("local_jwks", json!({ "inline_string": key_set })),
    }))));
    for (form, algorithms) in [
        (
            "pem",
            &[
                Algorithm::Es384,
                Algorithm::Rs256,
                Algorithm::Ps512,
                Algorithm::Es256,
            ][..],
        ),
        ("certificates", &[Algorithm::Es256, Algorithm::Rs256]),
        ("jwks", &[Algorithm::Es256, Algorithm::Rs256]),
    ] {
        let send =
            |signer: &Signer| get(&gate, &format!("/{form}"), &token(&gate, signer, "alice"));
        for algorithm in algorithms {
            let own = Signer::new(*algorithm);
            let user = forwarded_user(&send(&own));
            assert_eq!(user.as_deref(), Some("alice"), "{form} {algorithm}");
            let nameless = own.named(None);
            assert_eq!(
                send(&nameless).status,
                200,
                "{form} {algorithm} without kid"
            );
            let other = Signer::with_pair(*algorithm, Pair::Other);
            assert_eq!(
                send(&other).status,
                401,
                "{form} {algorithm} by another key"
            );
        }
        let other_type = Signer::new(Algorithm::EdDsa);
        assert_eq!(send(&other_type).status, 401, "{form}");
    }
}

fn a_certificate_that_has_expired_verifies_nothing<D: Driver>() {
    let gate: D = with_public_keys(&[EXPIRED, SPKI]);
    let exchange = get(&gate, "/", &token(&gate, &signer(), "alice"));
    assert_eq!(exchange.outcome(), (401, "unknown_key"));
    let spki = Signer::new(Algorithm::Es384);
    assert_eq!(get(&gate, "/", &token(&gate, &spki, "alice")).status, 200);
    let warning = "providers.login.public_keys: the certificate of key 0 has expired";
    assert!(gate.log().iter().any(|line| line.contains(warning)));
}

/// Runs only in the fake host, where time is simulated.
#[test]
fn a_certificate_serves_until_its_last_second() {
    let gate: FakeHost = with_public_keys(&[ENDING]);
    let token = token(&gate, &signer(), "alice");
    let end = gate.now() + 60;
    assert_eq!(get(&gate, "/", &token).status, 200);
    gate.pass(Duration::from_secs(60));
    assert_eq!((gate.now(), get(&gate, "/", &token).status), (end, 200));
    gate.pass(Duration::from_secs(1));
    let exchange = get(&gate, "/", &token);
    assert_eq!(exchange.outcome(), (401, "unknown_key"));
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

/// One server publishes the keys of two tenants. A key of one tenant must not verify tokens of the
/// other.
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
        assert_eq!(
            exchange.outcome(),
            (401, "unknown_key"),
            "their key signed for our tenant"
        );
    }
    assert_eq!(
        server.fetches(JWKS_PATH),
        before + 1,
        "one fetch, then the cool-down"
    );
    assert_eq!(send(&gate("ignore"), &theirs, "ours").status, 200);
}
