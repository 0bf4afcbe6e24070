//! Test vectors of NIST CAVP, of Ed25519's authors and of RFC 4231.

use std::collections::BTreeMap;

use portcullis::jose::{Algorithm, Curve, KeyNumbers, VerifyingKey};
use rsa::{BoxedUint, Pss, RsaPublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::{left_padded, ran, sources, text, unhex, verdict};

/// A case of a CAVP response file. `fields` contains the case's own fields and the fields that
/// apply to its whole section.
struct Case {
    section: String,
    fields: BTreeMap<String, String>,
}

impl Case {
    fn octets(&self, field: &str) -> Vec<u8> {
        unhex(&self.fields[field])
    }

    fn passes(&self) -> bool {
        self.fields["Result"].starts_with('P')
    }
}

/// The cases of a response file. `last` is the field that ends a case.
fn cases(file: &str, last: &str) -> Vec<Case> {
    let text = text(&sources::pypi("cryptography").join(file));
    let (mut cases, mut section, mut fields) = (Vec::new(), String::new(), BTreeMap::new());
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
            fields.clear();
        } else if let Some((name, value)) = line.split_once('=') {
            fields.insert(name.trim().to_owned(), value.trim().to_owned());
            if name.trim() == last {
                cases.push(Case {
                    section: section.clone(),
                    fields: fields.clone(),
                });
            }
        }
    }
    cases
}

const CURVES: [(&str, &str, Curve, Algorithm, usize); 3] = [
    ("P-256", "P-256,SHA-256", Curve::P256, Algorithm::Es256, 32),
    ("P-384", "P-384,SHA-384", Curve::P384, Algorithm::Es384, 48),
    ("P-521", "P-521,SHA-512", Curve::P521, Algorithm::Es512, 66),
];

#[test]
fn ecdsa_signatures() {
    let cases = cases("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp", "Result");
    let mut count = 0;
    for (_, section, curve, algorithm, octets) in CURVES {
        for case in cases.iter().filter(|case| case.section == section) {
            let padded = |field| left_padded(&case.octets(field), octets);
            let numbers = KeyNumbers::Ec {
                curve,
                x: &padded("Qx"),
                y: &padded("Qy"),
            };
            let signature = [padded("R"), padded("S")].concat();
            let verdict = VerifyingKey::from_numbers(numbers)
                .is_ok_and(|key| verdict(&key, algorithm, &case.octets("Msg"), &signature));
            assert_eq!(verdict, case.passes(), "{section} {:?}", case.fields);
            count += 1;
        }
    }
    ran("CAVP ECDSA SigVer", count, 45);
}

#[test]
fn ecdsa_public_keys() {
    let cases = cases("asymmetric/ECDSA/FIPS_186-3/PKV.rsp", "Result");
    let mut count = 0;
    for (section, _, curve, _, octets) in CURVES {
        for case in cases.iter().filter(|case| case.section == section) {
            let padded = |field| left_padded(&case.octets(field), octets);
            let numbers = KeyNumbers::Ec {
                curve,
                x: &padded("Qx"),
                y: &padded("Qy"),
            };
            let admitted = VerifyingKey::from_numbers(numbers).is_ok();
            assert_eq!(admitted, case.passes(), "{section} {:?}", case.fields);
            count += 1;
        }
    }
    ran("CAVP ECDSA PKV", count, 36);
}

/// The cases with a modulus size and a hash that JOSE uses.
fn rsa_cases(file: &str) -> Vec<Case> {
    let mut modulus = String::new();
    let mut cases = cases(&format!("asymmetric/RSA/FIPS_186-2/{file}"), "Result");
    // A section has several moduli. Each modulus is listed before its cases.
    for case in &mut cases {
        if let Some(own) = case.fields.get("n") {
            modulus.clone_from(own);
        }
        case.fields.insert("n".to_owned(), modulus.clone());
    }
    let sizes = ["mod = 2048", "mod = 3072", "mod = 4096"];
    cases.retain(|case| sizes.contains(&case.section.as_str()));
    cases.retain(|case| ["SHA256", "SHA384", "SHA512"].contains(&case.fields["SHAAlg"].as_str()));
    cases
}

fn rsa_key(case: &Case) -> VerifyingKey {
    let (modulus, exponent) = (case.octets("n"), case.octets("e"));
    let numbers = KeyNumbers::Rsa {
        modulus: &modulus,
        exponent: &exponent,
    };
    VerifyingKey::from_numbers(numbers).unwrap()
}

#[test]
fn rsa_pkcs1_signatures() {
    let cases = rsa_cases("SigVer15_186-3.rsp");
    let mut passed = 0;
    for case in &cases {
        let algorithm = match case.fields["SHAAlg"].as_str() {
            "SHA256" => Algorithm::Rs256,
            "SHA384" => Algorithm::Rs384,
            _ => Algorithm::Rs512,
        };
        let verdict = verdict(
            &rsa_key(case),
            algorithm,
            &case.octets("Msg"),
            &case.octets("S"),
        );
        assert_eq!(verdict, case.passes(), "{} {:?}", case.section, case.fields);
        passed += usize::from(verdict);
    }
    assert_eq!(passed, 27);
    ran("CAVP RSA PKCS#1 v1.5 SigVer", cases.len(), 162);
}

/// CAVP signs with a salt of ten octets, but JOSE requires a salt as long as the hash (RFC 7518
/// section 3.5). So signatures that CAVP marks as good must be refused. A verifier that expects
/// CAVP's salt accepts these signatures, so the salt is the only reason for the refusal.
#[test]
fn rsa_pss_signatures_with_another_salt_are_refused() {
    let cases = rsa_cases("SigVerPSS_186-3.rsp");
    let mut good = 0;
    for case in &cases {
        let (message, signature) = (case.octets("Msg"), case.octets("S"));
        let modulus = BoxedUint::from_be_slice_vartime(&case.octets("n"));
        let exponent = case.octets("e");
        let exponent = BoxedUint::from_be_slice_vartime(&exponent[exponent.len() - 8..]);
        let lenient = RsaPublicKey::new(modulus, exponent).unwrap();
        let (algorithm, with_their_salt) = match case.fields["SHAAlg"].as_str() {
            "SHA256" => {
                let (pss, hash) = (Pss::<Sha256>::new_with_salt(10), Sha256::digest(&message));
                (Algorithm::Ps256, lenient.verify(pss, &hash, &signature))
            }
            "SHA384" => {
                let (pss, hash) = (Pss::<Sha384>::new_with_salt(10), Sha384::digest(&message));
                (Algorithm::Ps384, lenient.verify(pss, &hash, &signature))
            }
            _ => {
                let (pss, hash) = (Pss::<Sha512>::new_with_salt(10), Sha512::digest(&message));
                (Algorithm::Ps512, lenient.verify(pss, &hash, &signature))
            }
        };
        assert_eq!(
            with_their_salt.is_ok(),
            case.passes(),
            "{} {:?}",
            case.section,
            case.fields
        );
        assert!(
            !rsa_key(case).verify(algorithm, &message, &signature),
            "{:?}",
            case.fields
        );
        good += usize::from(case.passes());
    }
    assert_eq!(good, 27);
    ran(
        "CAVP RSA-PSS SigVer, all refused for their salt",
        cases.len(),
        162,
    );
}

#[test]
fn ed25519_signatures() {
    let mut count = 0;
    for line in text(&sources::pypi("cryptography/asymmetric/Ed25519/sign.input")).lines() {
        let fields: Vec<_> = line.split(':').map(unhex).collect();
        let (x, message, signature) = (&fields[1], &fields[2], &fields[3][..64]);
        let key = VerifyingKey::from_numbers(KeyNumbers::Ed25519 { x }).unwrap();
        assert!(
            key.verify(Algorithm::EdDsa, message, signature),
            "line {count}"
        );
        let mut flipped = signature.to_vec();
        flipped[count % 64] ^= 1 << (count % 8);
        assert!(
            !key.verify(Algorithm::EdDsa, message, &flipped),
            "line {count}, flipped"
        );
        count += 1;
    }
    ran("Ed25519 sign.input", count, 1024);
}

#[test]
fn hmac_of_rfc_4231() {
    let (mut verified, mut short) = (0, 0);
    for (file, algorithm) in [
        ("HMAC/rfc-4231-sha256.txt", Algorithm::Hs256),
        ("HMAC/rfc-4231-sha384.txt", Algorithm::Hs384),
        ("HMAC/rfc-4231-sha512.txt", Algorithm::Hs512),
    ] {
        for case in cases(file, "MD") {
            let secret = case.octets("Key");
            match VerifyingKey::from_numbers(KeyNumbers::Oct { secret: &secret }) {
                Ok(key) => {
                    assert!(key.verify(algorithm, &case.octets("Msg"), &case.octets("MD")));
                    verified += 1;
                }
                Err(_) => {
                    assert!(secret.len() < 32, "only short keys are refused");
                    short += 1;
                }
            }
        }
    }
    ran("RFC 4231 with a key that is long enough", verified, 6);
    ran("RFC 4231 with a short key, refused", short, 12);
}
