//! Fixtures and keys from the tests of joserfc, a Python library.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::jose::{
    Algorithm, CompactJws, Curve, JwkAlgorithm, KeyError, KeyNumbers, KeyOrigin, TokenError,
    VerifyingKey,
};

use crate::{files, json, key_set, list, ran, sources, string, text, verifies};

fn key_file(name: &str) -> PathBuf {
    sources::pypi("joserfc/keys").join(name)
}

#[test]
fn rfc_7520() {
    let document = json(&sources::pypi("joserfc/fixtures/jws_rfc7520.json"));
    for case in list(&document["tests"]) {
        let jwk = json(&key_file(string(&case["public_key"])));
        let keys = key_set(&jwk, KeyOrigin::Local);
        assert!(
            verifies(string(&case["compact"]), &keys),
            "{}",
            case["name"]
        );
    }
    ran("joserfc RFC 7520", list(&document["tests"]).len(), 4);
}

#[test]
fn rfc_7797() {
    let document = json(&sources::pypi("joserfc/fixtures/jws_rfc7797.json"));
    for case in list(&document["tests"]) {
        let outcome = CompactJws::parse(string(&case["compact"])).map(drop);
        match case["name"].as_str() {
            Some("4.1 HS256") => assert_eq!(outcome, Ok(())),
            _ => assert_eq!(outcome, Err(TokenError::CriticalExtension)),
        }
    }
    ran("joserfc RFC 7797", list(&document["tests"]).len(), 4);
}

#[test]
fn examples() {
    let (mut verified, mut weak, mut without) = (0, 0, 0);
    for (file, member) in [
        ("jws_examples.json", "compact"),
        ("jwt_use_jws.json", "token"),
    ] {
        let document = json(&sources::pypi("joserfc/fixtures").join(file));
        for case in list(&document["tests"]) {
            if let Some(secret) = case.get("secret").map(string) {
                let numbers = KeyNumbers::Oct {
                    secret: secret.as_bytes(),
                };
                let refused = VerifyingKey::from_numbers(numbers).unwrap_err();
                assert!(matches!(refused, KeyError::SecretTooShort { .. }));
                weak += 1;
                continue;
            }
            let Some(compact) = case.get(member).map(string) else {
                without += 1;
                continue;
            };
            let pem = text(&key_file(string(&case["public_key"])));
            let key = rsa_key_of(&spki(&pem));
            let jws = CompactJws::parse(compact).unwrap();
            assert!(key.serves(jws.header().algorithm(), JwkAlgorithm::Exact));
            assert!(jws.verify_with(&key), "{case}");
            verified += 1;
        }
    }
    ran("joserfc examples", verified, 6);
    ran(
        "joserfc examples with secrets of 3 and 6 octets, refused",
        weak,
        6,
    );
    ran("joserfc examples without a token", without, 9);
}

#[test]
fn keys() {
    let (mut admitted, mut refused) = (0, 0);
    for path in files(&sources::pypi("joserfc/keys")) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let jwk = json(&path);
        let encrypts = jwk.get("use").is_some_and(|purpose| purpose == "enc");
        let expected = match () {
            () if encrypts => Err(KeyError::ForEncryption),
            () if jwk["crv"] == "X25519" => Err(KeyError::UnsupportedCurve),
            () => Ok(()),
        };
        let outcome = VerifyingKey::from_jwk(jwk.as_object().unwrap(), KeyOrigin::Local);
        assert_eq!(outcome.map(drop), expected, "{}", path.display());
        if expected.is_ok() {
            admitted += 1;
        } else {
            refused += 1;
        }
    }
    ran("joserfc keys, admitted", admitted, 11);
    ran("joserfc keys, refused", refused, 9);
}

#[test]
fn curves() {
    for (file, curve, octets) in [
        ("ec-p256-public.pem", Curve::P256, 32),
        ("ec-p384-public.pem", Curve::P384, 48),
        ("ec-p512-public.pem", Curve::P521, 66),
    ] {
        let der = spki(&text(&key_file(file)));
        let (x, y) = der[der.len() - 2 * octets..].split_at(octets);
        let key = VerifyingKey::from_numbers(KeyNumbers::Ec { curve, x, y }).unwrap();
        assert!(key.fits(match curve {
            Curve::P256 => Algorithm::Es256,
            Curve::P384 => Algorithm::Es384,
            Curve::P521 => Algorithm::Es512,
        }));
    }
    let der = spki(&text(&key_file("ec-secp256k1-public.pem")));
    let (x, y) = der[der.len() - 64..].split_at(32);
    let refused = VerifyingKey::from_numbers(KeyNumbers::Ec {
        curve: Curve::P256,
        x,
        y,
    });
    assert_eq!(refused.unwrap_err(), KeyError::EcPointNotOnCurve);
}

/// The DER octets that a PEM file contains.
fn spki(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

/// Reads the RSA key at the end of an SPKI. The modulus precedes the exponent, which is 65537.
fn rsa_key_of(der: &[u8]) -> VerifyingKey {
    const EXPONENT: [u8; 5] = [0x02, 0x03, 1, 0, 1];
    let before = der.strip_suffix(&EXPONENT).unwrap();
    let octets = if before.len() > 512 { 512 } else { 256 };
    let modulus = &before[before.len() - octets..];
    VerifyingKey::from_numbers(KeyNumbers::Rsa {
        modulus,
        exponent: &EXPONENT[2..],
    })
    .unwrap()
}
