//! A signature can be verified by the proxy or by the module. Both must come to the same result.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::jose::Algorithm;
use proxy_wasm::types::Status;
use serde_json::{Value, json};

use crate::{
    withheld_capabilities::example_capabilities,
    world::{claims, configuration, get, provider, start, token},
};
use support::{
    driver::{Driver, Setup},
    envoy::NativeEnvoy,
    fake_host::{
        FakeHost,
        foreign::{self, ForeignFunction},
    },
    on_every_driver, on_wasm_hosts,
    signer::{Pair, Signer, jwks},
};

on_every_driver!(
    every_backend_accepts_good_tokens_and_no_forged_ones,
    every_backend_refuses_malformed_signatures,
);
on_wasm_hosts!(
    logs_who_verifies,
    a_configuration_that_requires_a_withheld_host_is_refused,
    the_module_verifies_if_the_host_is_withheld,
);

const BACKENDS: [&str; 3] = ["auto", "host", "module"];
/// The order of P-256 (SEC 2 section 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// Turns a good signature into a bad one.
type Change<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
/// The host's foreign function that verifies signatures.
const FUNCTION: &str = "verify_signature";

/// A gate with the keys of these signers. It has no token cache, so it verifies a signature for
/// each request.
fn setup(backend: &str, signers: &[Signer]) -> Setup {
    let mut provider = provider();
    let names = signers.iter().map(|signer| signer.alg.name());
    provider["algorithms"] = Value::from_iter(names);
    provider["local_jwks"] = json!({ "inline_string": jwks(signers).to_string() });
    provider["jwt_cache_config"] = json!({ "disabled": true });
    let mut configuration = configuration(&provider);
    configuration["signature_backend"] = json!(backend);
    Setup::new(configuration)
}

fn every_backend_accepts_good_tokens_and_no_forged_ones<D: Driver>() {
    let signers = Algorithm::ALL.map(Signer::new);
    for backend in BACKENDS {
        let gate: D = start(&setup(backend, &signers));
        for signer in &signers {
            let good = token(&gate, signer, "alice");
            let name = format!("{backend} {}", signer.alg);
            assert_eq!(get(&gate, "/", &good).status, 200, "{name}");
            let other = Signer::with_pair(signer.alg, Pair::Other);
            let forged = token(&gate, &other, "alice");
            assert_eq!(get(&gate, "/", &forged).status, 401, "{name}: another key");
            let (signed, signature) = good.rsplit_once('.').unwrap();
            let mut claims = claims(&gate, "mallory");
            claims["exp"] = json!(gate.now() + 601);
            let changed = signer.sign_claims(&claims);
            let (changed, _) = changed.rsplit_once('.').unwrap();
            let changed = format!("{changed}.{signature}");
            assert_eq!(
                get(&gate, "/", &changed).status,
                401,
                "{name}: other claims"
            );
            let mut short = URL_SAFE_NO_PAD.decode(signature).unwrap();
            short.pop();
            let short = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(short));
            assert_eq!(get(&gate, "/", &short).status, 401, "{name}: cut short");
        }
    }
}

fn every_backend_refuses_malformed_signatures<D: Driver>() {
    let signers = [Algorithm::Es256, Algorithm::Rs256].map(Signer::new);
    let [ecdsa, rsa] = &signers;
    for backend in BACKENDS {
        let gate: D = start(&setup(backend, &signers));
        let try_one = |signer: &Signer, make: Change<'_>| {
            let good = token(&gate, signer, "alice");
            let (signed, signature) = good.rsplit_once('.').unwrap();
            let made = make(&URL_SAFE_NO_PAD.decode(signature).unwrap());
            let made = URL_SAFE_NO_PAD.encode(made);
            get(&gate, "/", &format!("{signed}.{made}")).status
        };
        assert_eq!(try_one(ecdsa, &|good| good.to_vec()), 200, "{backend}");
        assert_eq!(try_one(rsa, &|good| good.to_vec()), 200, "{backend}");
        let with = |r: Option<&[u8]>, s: Option<&[u8]>| {
            let (r, s) = (r.map(<[u8]>::to_vec), s.map(<[u8]>::to_vec));
            move |good: &[u8]| {
                let r = r.clone().unwrap_or_else(|| good[..32].to_vec());
                [r, s.clone().unwrap_or_else(|| good[32..].to_vec())].concat()
            }
        };
        let (zero, ones) = (&[0; 32][..], &[0xff; 32][..]);
        let padded = |good: &[u8]| [&[0], &good[..32], &[0], &good[32..]].concat();
        let odd: [(&str, Change<'_>); 13] = [
            ("r is 0", &with(Some(zero), None)),
            ("s is 0", &with(None, Some(zero))),
            ("both are 0", &with(Some(zero), Some(zero))),
            ("r is n", &with(Some(&ORDER), None)),
            ("s is n", &with(None, Some(&ORDER))),
            ("r is past n", &with(Some(ones), None)),
            ("s is past n", &with(None, Some(ones))),
            ("a zero before each", &padded),
            ("one octet less", &|good| good[..63].to_vec()),
            ("one octet more", &|good| [good, &[0]].concat()),
            ("DER", &der),
            ("DER of its length", &der_of_64_octets),
            ("of another curve's length", &|good| {
                [&[0; 16], &good[..32], &[0; 16], &good[32..]].concat()
            }),
        ];
        for (name, make) in odd {
            assert_eq!(try_one(ecdsa, make), 401, "{backend}: {name}");
        }
        let odd: [(&str, Change<'_>); 4] = [
            ("a zero before it", &|good| [&[0], good].concat()),
            ("a zero behind it", &|good| [good, &[0]].concat()),
            ("all ones", &|_| vec![0xff; 256]),
            ("all zeros", &|_| vec![0; 256]),
        ];
        for (name, make) in odd {
            assert_eq!(try_one(rsa, make), 401, "{backend}: {name}");
        }
    }
}

/// A good signature in DER: an `Ecdsa-Sig-Value` of RFC 3279.
fn der(good: &[u8]) -> Vec<u8> {
    p256::ecdsa::Signature::from_slice(good)
        .unwrap()
        .to_der()
        .as_bytes()
        .to_vec()
}

/// A signature that looks like DER, but has 64 octets, the length of a signature in JOSE's format.
fn der_of_64_octets(good: &[u8]) -> Vec<u8> {
    [&[0x30, 62, 2, 29][..], &good[..29], &[2, 29], &good[32..61]].concat()
}

fn logs_who_verifies<D: Driver>() {
    for (backend, said) in [
        (
            "auto",
            "by the proxy for RS* tokens, because the proxy passed the self-test",
        ),
        (
            "host",
            "by the proxy for RS* tokens, because the proxy passed the self-test",
        ),
        (
            "module",
            "by the module, because signature_backend is \"module\"",
        ),
    ] {
        let gate: D = start(&setup(backend, &[Signer::new(Algorithm::Es256)]));
        assert!(
            gate.log().iter().any(|line| line.contains(said)),
            "{backend}"
        );
    }
}

/// The log of an Envoy process with a single gate. The module logs which implementation verifies
/// signatures, but only once per process.
fn native_log(backend: &str) -> Vec<String> {
    let setup = setup(backend, &[Signer::new(Algorithm::Es256)]).alone();
    start::<NativeEnvoy>(&setup).log()
}

mod in_native_alone {
    #[test]
    fn logs_who_verifies() {
        if !support::envoy::is_installed(&support::envoy::library()) {
            return;
        }
        for (backend, said) in [
            (
                "auto",
                "verified by AWS-LC (RS*, PS*), which passed the self-test",
            ),
            (
                "host",
                "verified by AWS-LC (RS*, PS*), which passed the self-test",
            ),
            (
                "module",
                "verified by Portcullis itself, because signature_backend is \"module\"",
            ),
        ] {
            let log = super::native_log(backend);
            let lines = log
                .iter()
                .filter(|line| line.contains("signatures are verified"));
            let lines: Vec<_> = lines.collect();
            assert!(
                lines.len() == 1 && lines[0].contains(said),
                "{backend}: {lines:?}"
            );
        }
    }
}

/// A gate with the capabilities of `envoy/demo.yaml`, but without foreign functions.
fn without_foreign_functions(backend: &str, signer: &Signer) -> Setup {
    let mut capabilities = example_capabilities();
    capabilities.retain(|name| name != "proxy_call_foreign_function");
    setup(backend, std::slice::from_ref(signer)).capabilities(capabilities)
}

fn a_configuration_that_requires_a_withheld_host_is_refused<D: Driver>() {
    let signer = Signer::new(Algorithm::Rs256);
    let refused = D::start(&without_foreign_functions("host", &signer)).err();
    let said = "signature_backend: the proxy does not verify RS256";
    let refused = refused
        .expect("the configuration was accepted, although the host cannot verify RS256")
        .0;
    assert!(refused.contains(said), "{refused}");
}

fn the_module_verifies_if_the_host_is_withheld<D: Driver>() {
    let signer = Signer::new(Algorithm::Rs256);
    let gate: D = start(&without_foreign_functions("auto", &signer));
    let said = "by the module, because the proxy does not verify RS256";
    assert!(gate.log().iter().any(|line| line.contains(said)));
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    let forged = token(
        &gate,
        &Signer::with_pair(Algorithm::Rs256, Pair::Other),
        "eve",
    );
    assert_eq!(get(&gate, "/", &forged).status, 401);
}

/// Replaces the host's function. The returned counter counts the calls of the new function.
fn replace(gate: &FakeHost, function: ForeignFunction) -> Arc<AtomicU32> {
    let calls = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&calls);
    let counted: ForeignFunction = Arc::new(move |arguments| {
        counter.fetch_add(1, Ordering::Relaxed);
        function(arguments)
    });
    let functions = &mut gate.process().foreign_functions;
    functions.insert(FUNCTION.to_owned(), counted);
    calls
}

fn asked(gate: &FakeHost) -> usize {
    let process = gate.process();
    let calls = process.foreign_calls.iter();
    calls.filter(|name| *name == FUNCTION).count()
}

#[test]
fn only_a_backend_that_uses_the_host_asks_it() {
    let signers = Algorithm::ALL.map(Signer::new);
    for (backend, of_a_request) in [("auto", 1), ("host", 1), ("module", 0)] {
        let gate: FakeHost = start(&setup(backend, &signers));
        for signer in &signers {
            let before = asked(&gate);
            assert_eq!(get(&gate, "/", &token(&gate, signer, "alice")).status, 200);
            let is_offered = signer.alg.name().starts_with("RS");
            let expected = if is_offered { of_a_request } else { 0 };
            assert_eq!(asked(&gate) - before, expected, "{backend} {}", signer.alg);
        }
    }
}

/// In each VM, the module tests the host's signature function once per configuration. If the
/// function fails the test, the module does not call it for tokens.
#[test]
fn a_host_that_lies_is_not_asked_again() {
    let signer = Signer::new(Algorithm::Rs256);
    let signers = [signer.clone()];
    let configured = |backend| setup(backend, &signers).configuration;
    let liar: ForeignFunction = Arc::new(|_| Ok(foreign::verdict(true, "")));
    let gate: FakeHost = start(&setup("auto", &signers));
    replace(&gate, liar);
    let mut changed = configured("auto");
    changed["realm"] = json!("other");
    gate.reconfigure(&changed).unwrap();
    let said = "by the module, because the proxy accepts a forged RS256 signature";
    assert!(gate.log().iter().any(|line| line.contains(said)));
    let before = asked(&gate);
    let forged = token(
        &gate,
        &Signer::with_pair(Algorithm::Rs256, Pair::Other),
        "eve",
    );
    assert_eq!(get(&gate, "/", &forged).status, 401);
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    assert_eq!(asked(&gate), before);
    let refused = gate.reconfigure(&configured("host")).unwrap_err().0;
    assert!(refused.contains("signature_backend: the proxy accepts a forged RS256"));
}

/// A good token passes and a forged one is refused, although the host's answers contain no verdict.
#[test]
fn the_module_verifies_if_the_host_gives_no_verdict() {
    let signers = [Algorithm::Rs256, Algorithm::Rs512].map(Signer::new);
    type Answer = Result<Vec<u8>, Status>;
    let answers: [(&str, Answer); 9] = [
        ("not found", Err(Status::NotFound)),
        ("bad argument", Err(Status::BadArgument)),
        ("serialization", Err(Status::SerializationFailure)),
        ("failure", Err(Status::InternalFailure)),
        ("nothing", Ok(Vec::new())),
        (
            "no hash",
            Ok(foreign::verdict(false, "sha256 is not supported.")),
        ),
        (
            "no start",
            Ok(foreign::verdict(
                false,
                "Failed to initialize digest verify.",
            )),
        ),
        ("another message", Ok(b"\x0a\x04true".to_vec())),
        ("noise", Ok(b"\xff\xff\xff".to_vec())),
    ];
    let gate: FakeHost = start(&setup("host", &signers));
    for (name, answer) in answers {
        let calls = replace(&gate, Arc::new(move |_| answer.clone()));
        for signer in &signers {
            let good = token(&gate, signer, "alice");
            assert_eq!(get(&gate, "/", &good).status, 200, "{name}");
            let other = Signer::with_pair(signer.alg, Pair::Other);
            let forged = token(&gate, &other, "eve");
            assert_eq!(get(&gate, "/", &forged).status, 401, "{name}");
        }
        assert_eq!(calls.load(Ordering::Relaxed), 4, "{name}");
    }
}

#[test]
fn the_host_s_verdict_on_a_signature_counts() {
    let signers = [Signer::new(Algorithm::Rs256)];
    let gate: FakeHost = start(&setup("host", &signers));
    let good = token(&gate, &signers[0], "alice");
    let error = "Failed to verify digest. Error code: 0";
    replace(&gate, Arc::new(move |_| Ok(foreign::verdict(false, error))));
    assert_eq!(get(&gate, "/", &good).status, 401);
}
