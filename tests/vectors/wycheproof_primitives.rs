//! Wycheproof for the primitives, each in the encoding that JOSE uses.

use portcullis::jose::{Algorithm, Curve, KeyError, KeyNumbers, KeyOrigin, VerifyingKey};
use serde_json::Value;

use crate::{json, list, ran, string, unhex, vectors, verdict};

/// Runs a file: `verify(group)` gives the verdict on a message and a signature, or None where the
/// key is refused. Returns how many cases were to be accepted and how many refused.
fn run<V>(file: &str, signature: &str, prepare: impl Fn(&Value) -> V) -> Option<(usize, usize)>
where
    V: Fn(&[u8], &[u8]) -> bool,
{
    let document = json(&vectors::path("wycheproof")?.join(file));
    let (mut accepted, mut refused) = (0, 0);
    for group in list(&document["testGroups"]) {
        let verify = prepare(group);
        for case in list(&group["tests"]) {
            let message = unhex(string(&case["msg"]));
            // "acceptable" is what a lenient verifier may take: this one does not.
            let expected = case["result"] == "valid";
            let verdict = verify(&message, &unhex(string(&case[signature])));
            assert_eq!(verdict, expected, "{file} {case}");
            if expected {
                accepted += 1;
            } else {
                refused += 1;
            }
        }
    }
    Some((accepted, refused))
}

fn by(key: VerifyingKey, algorithm: Algorithm) -> impl Fn(&[u8], &[u8]) -> bool {
    move |message, signature| verdict(&key, algorithm, message, signature)
}

/// The key of these numbers, which is the one that the JWK of the group describes where it has one.
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
    for (file, curve, algorithm, expected) in [
        (
            "ecdsa_secp256r1_sha256_p1363_test.json",
            Curve::P256,
            Algorithm::Es256,
            (173, 89),
        ),
        (
            "ecdsa_secp384r1_sha384_p1363_test.json",
            Curve::P384,
            Algorithm::Es384,
            (193, 87),
        ),
        (
            "ecdsa_secp521r1_sha512_p1363_test.json",
            Curve::P521,
            Algorithm::Es512,
            (231, 87),
        ),
    ] {
        let Some(counts) = run(file, "sig", prepare(curve, algorithm)) else {
            return;
        };
        assert_eq!(counts, expected, "{file}");
        ran(file, counts.0 + counts.1, expected.0 + expected.1);
    }
}

#[test]
fn secp256k1_is_refused() {
    let Some(folder) = vectors::path("wycheproof") else {
        return;
    };
    let document = json(&folder.join("ecdsa_secp256k1_sha256_p1363_test.json"));
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
    let counts = run("ed25519_test.json", "sig", |group| {
        let x = unhex(string(&group["publicKey"]["pk"]));
        by(
            same_key(KeyNumbers::Ed25519 { x: &x }, group),
            Algorithm::EdDsa,
        )
    });
    let Some(counts) = counts else { return };
    assert_eq!(counts, (88, 63));
    ran("Wycheproof Ed25519", counts.0 + counts.1, 151);
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
    for (file, algorithm, expected) in [
        (
            "rsa_signature_2048_sha256_test.json",
            Algorithm::Rs256,
            (9, 250),
        ),
        (
            "rsa_signature_2048_sha384_test.json",
            Algorithm::Rs384,
            (7, 251),
        ),
        (
            "rsa_signature_2048_sha512_test.json",
            Algorithm::Rs512,
            (8, 251),
        ),
        (
            "rsa_signature_3072_sha256_test.json",
            Algorithm::Rs256,
            (8, 251),
        ),
        (
            "rsa_signature_4096_sha256_test.json",
            Algorithm::Rs256,
            (7, 251),
        ),
        (
            "rsa_signature_4096_sha512_test.json",
            Algorithm::Rs512,
            (7, 252),
        ),
    ] {
        let Some(counts) = run(file, "sig", |group| by(rsa_key(group), algorithm)) else {
            return;
        };
        assert_eq!(counts, expected, "{file}");
        ran(file, counts.0 + counts.1, expected.0 + expected.1);
    }
}

#[test]
fn rsa_pss() {
    for (file, algorithm, expected) in [
        (
            "rsa_pss_2048_sha256_mgf1_32_test.json",
            Algorithm::Ps256,
            (63, 45),
        ),
        (
            "rsa_pss_2048_sha384_mgf1_48_test.json",
            Algorithm::Ps384,
            (95, 46),
        ),
        (
            "rsa_pss_3072_sha256_mgf1_32_test.json",
            Algorithm::Ps256,
            (63, 45),
        ),
        (
            "rsa_pss_4096_sha384_mgf1_48_test.json",
            Algorithm::Ps384,
            (95, 46),
        ),
        (
            "rsa_pss_4096_sha512_mgf1_64_test.json",
            Algorithm::Ps512,
            (132, 47),
        ),
    ] {
        let Some(counts) = run(file, "sig", |group| by(rsa_key(group), algorithm)) else {
            return;
        };
        assert_eq!(counts, expected, "{file}");
        ran(file, counts.0 + counts.1, expected.0 + expected.1);
    }
}

#[test]
fn rsa_pss_without_salt_is_refused() {
    let Some(folder) = vectors::path("wycheproof") else {
        return;
    };
    let document = json(&folder.join("rsa_pss_2048_sha256_mgf1_0_test.json"));
    let mut cases = 0;
    for group in list(&document["testGroups"]) {
        let key = rsa_key(group);
        for case in list(&group["tests"]) {
            let (message, signature) = (unhex(string(&case["msg"])), unhex(string(&case["sig"])));
            // 69 is wrong by its file because its salt has 32 octets, which is right for PS256.
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
    for (file, algorithm, octets, expected) in [
        ("hmac_sha256_test.json", Algorithm::Hs256, 32, (30, 54)),
        ("hmac_sha384_test.json", Algorithm::Hs384, 48, (30, 54)),
        ("hmac_sha512_test.json", Algorithm::Hs512, 64, (30, 54)),
    ] {
        let Some(folder) = vectors::path("wycheproof") else {
            return;
        };
        let document = json(&folder.join(file));
        let (mut accepted, mut refused, mut short, mut truncated) = (0, 0, 0, 0);
        for group in list(&document["testGroups"]) {
            let full = group["tagSize"] == octets * 8;
            for case in list(&group["tests"]) {
                let secret = unhex(string(&case["key"]));
                let key = VerifyingKey::from_numbers(KeyNumbers::Oct { secret: &secret });
                let (message, tag) = (unhex(string(&case["msg"])), unhex(string(&case["tag"])));
                let verdict = key.is_ok_and(|key| key.verify(algorithm, &message, &tag));
                let expected = case["result"] == "valid" && full && secret.len() >= octets;
                assert_eq!(verdict, expected, "{file} {case}");
                match () {
                    () if !full => truncated += 1,
                    () if secret.len() < octets => short += 1,
                    () if verdict => accepted += 1,
                    () => refused += 1,
                }
            }
        }
        println!("{file}: {short} with a short key and {truncated} truncated, all refused");
        assert_eq!((accepted, refused), expected, "{file}");
        ran(file, accepted + refused + short + truncated, 174);
    }
}
