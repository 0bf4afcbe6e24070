//! Worked examples: the RFCs, both JOSE cookbooks, joserfc's fixtures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::jose::{
    Algorithm, CompactJws, Curve, JwkAlgorithm, KeyError, KeyNumbers, KeyOrigin, TokenError,
    VerifyingKey,
};
use serde_json::Value;

use crate::{files, json, key, key_set, list, ran, string, text, vectors, verifies};

#[test]
fn rfc_7515_and_8037() {
    let Some(folder) = vectors::path("rfc-examples") else {
        return;
    };
    let document = json(&folder.join("rfc7515_8037_jws.json"));
    for example in list(&document) {
        let jws = string(&example["jws"]);
        let expected = match string(&example["name"]) {
            // Both lack a signature, which shows before their headers are read.
            "RFC 7515 A.5 unsecured" | "RFC 7515 E negative crit" => Err(TokenError::SegmentEmpty),
            _ => Ok(()),
        };
        assert_eq!(expected.is_ok(), example["result"] == "valid", "{example}");
        assert_eq!(CompactJws::parse(jws).map(drop), expected, "{example}");
        if expected.is_ok() {
            assert!(
                verifies(jws, &key_set(&example["key"], KeyOrigin::Local)),
                "{example}"
            );
        }
    }
    ran("RFC 7515 and 8037", list(&document).len(), 7);
}

#[test]
fn thumbprints_of_rfc_7638() {
    let Some(folder) = vectors::path("rfc-examples") else {
        return;
    };
    let document = json(&folder.join("thumbprints.json"));
    for example in document.as_object().unwrap().values() {
        let thumbprint = key(&example["jwk"]).thumbprint().to_string();
        assert_eq!(thumbprint, string(&example["thumbprint_sha256"]));
    }
    ran(
        "RFC 7638 thumbprints",
        document.as_object().unwrap().len(),
        3,
    );
}

/// A `DPoP` proof carries its key in the header, which is not looked at: with that key from
/// elsewhere it verifies, without it there is nothing to verify with.
#[test]
fn proofs_of_rfc_9449() {
    let Some(folder) = vectors::path("rfc-examples") else {
        return;
    };
    let document = json(&folder.join("rfc9449_dpop.json"));
    let keys = key_set(&document["public_jwk"], KeyOrigin::Remote);
    for proof in list(&document["proofs"]) {
        assert!(verifies(string(&proof["proof"]), &keys), "{proof}");
    }
    ran("RFC 9449 proofs", list(&document["proofs"]).len(), 3);
}

/// Runs an example in the format that both cookbooks share. Returns whether it has a compact form.
fn cookbook_example(example: &Value, expected: &Result<bool, TokenError>) -> bool {
    let Some(compact) = example["output"].get("compact").map(string) else {
        // Only JSON serializations: a compact verifier is never shown one, and refuses it if it is.
        for form in ["json", "json_flat"] {
            let shown = example["output"][form].to_string();
            assert!(CompactJws::parse(&shown).is_err(), "{shown}");
        }
        return false;
    };
    let keys = key_set(&example["input"]["key"], KeyOrigin::Local);
    let outcome = CompactJws::parse(compact).map(|_| verifies(compact, &keys));
    assert_eq!(outcome, *expected, "{}", example["title"]);
    true
}

#[test]
fn ietf_jose_cookbook() {
    let Some(folder) = vectors::path("ietf-jose-cookbook") else {
        return;
    };
    let (mut compact, mut json_only) = (0, 0);
    let jws = files(&folder.join("jws"));
    let others = ["curve25519/jws.json"].map(|name| folder.join(name));
    for path in jws.iter().chain(&others) {
        let example = json(path);
        // The payload of 4.5 is elsewhere, so its signature is not one of what is shown.
        let detached = path.ends_with("4_5.signature_with_detached_content.json");
        match cookbook_example(&example, &Ok(!detached)) {
            true => compact += 1,
            false => json_only += 1,
        }
    }
    ran("IETF cookbook, compact", compact, 6);
    ran("IETF cookbook, JSON only", json_only, 3);
}

#[test]
fn unencoded_payloads_of_rfc_7797_are_refused() {
    let Some(folder) = vectors::path("ietf-jose-cookbook") else {
        return;
    };
    let mut cases = 0;
    for path in files(&folder.join("rfc7797")) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let output = &json(&path)["output"];
        let flat = &output["json_flat"];
        let (header, payload) = (string(&flat["protected"]), string(&flat["payload"]));
        let compact = format!("{header}.{payload}.{}", string(&flat["signature"]));
        assert!(CompactJws::parse(&compact).is_err(), "{compact}");
        // Even with a payload that is base64url there is no way around the header.
        let refused = CompactJws::parse(&format!("{header}.e30.AAAA")).unwrap_err();
        let expected = [TokenError::CriticalExtension, TokenError::UnencodedPayload];
        assert!(expected.contains(&refused), "{refused}");
        cases += 1;
    }
    ran("IETF cookbook, b64=false", cases, 2);
}

#[test]
fn ietf_jose_cookbook_keys() {
    let Some(folder) = vectors::path("ietf-jose-cookbook") else {
        return;
    };
    let mut cases = 0;
    for path in files(&folder.join("jwk")) {
        let jwk = json(&path);
        let admitted = VerifyingKey::from_jwk(jwk.as_object().unwrap(), KeyOrigin::Local);
        if path.ends_with("3_6.symmetric_key_encryption.json") {
            assert_eq!(admitted.unwrap_err(), KeyError::NotForSignatures);
        } else {
            let kid = jwk["kid"].as_str();
            assert_eq!(admitted.unwrap().kid(), kid, "{}", path.display());
        }
        cases += 1;
    }
    ran("IETF cookbook, keys", cases, 6);
}

#[test]
fn panva_jose_cookbook() {
    let Some(folder) = vectors::path("panva-jose-cookbook") else {
        return;
    };
    let document = json(&folder.join("jws.json"));
    let (mut compact, mut json_only) = (0, 0);
    for example in list(&document) {
        let quantum = string(&example["input"]["alg"]).starts_with("ML-DSA");
        let mut expected = Ok(true);
        if quantum {
            expected = Err(TokenError::UnsupportedAlgorithm);
            let jwk = example["input"]["key"].as_object().unwrap();
            let refused = VerifyingKey::from_jwk(jwk, KeyOrigin::Local).unwrap_err();
            assert_eq!(refused, KeyError::UnsupportedAlgorithm);
        }
        match cookbook_example(example, &expected) {
            true => compact += 1,
            false => json_only += 1,
        }
    }
    ran("panva cookbook, compact", compact, 8);
    ran("panva cookbook, JSON only", json_only, 3);
}

#[test]
fn joserfc_rfc_7520() {
    let Some(folder) = vectors::path("joserfc") else {
        return;
    };
    let document = json(&folder.join("jws_rfc7520.json"));
    for case in list(&document["tests"]) {
        let jwk = json(&folder.join("keys").join(string(&case["public_key"])));
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
fn joserfc_rfc_7797() {
    let Some(folder) = vectors::path("joserfc") else {
        return;
    };
    let document = json(&folder.join("jws_rfc7797.json"));
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
fn joserfc_examples() {
    let Some(folder) = vectors::path("joserfc") else {
        return;
    };
    let (mut verified, mut weak, mut without) = (0, 0, 0);
    for (file, member) in [
        ("jws_examples.json", "compact"),
        ("jwt_use_jws.json", "token"),
    ] {
        let document = json(&folder.join(file));
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
            let pem = text(&folder.join("keys").join(string(&case["public_key"])));
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
fn joserfc_keys() {
    let Some(folder) = vectors::path("joserfc") else {
        return;
    };
    let (mut admitted, mut refused) = (0, 0);
    for path in files(&folder.join("keys")) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let jwk = json(&path);
        let encrypts = jwk.get("use").is_some_and(|purpose| purpose == "enc");
        let expected = match () {
            () if encrypts => Err(KeyError::NotForSignatures),
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
fn joserfc_curves() {
    let Some(folder) = vectors::path("joserfc") else {
        return;
    };
    for (file, curve, octets) in [
        ("ec-p256-public.pem", Curve::P256, 32),
        ("ec-p384-public.pem", Curve::P384, 48),
        ("ec-p512-public.pem", Curve::P521, 66),
    ] {
        let der = spki(&text(&folder.join("keys").join(file)));
        let (x, y) = der[der.len() - 2 * octets..].split_at(octets);
        let key = VerifyingKey::from_numbers(KeyNumbers::Ec { curve, x, y }).unwrap();
        assert!(key.fits(match curve {
            Curve::P256 => Algorithm::Es256,
            Curve::P384 => Algorithm::Es384,
            Curve::P521 => Algorithm::Es512,
        }));
    }
    let der = spki(&text(&folder.join("keys/ec-secp256k1-public.pem")));
    let (x, y) = der[der.len() - 64..].split_at(32);
    let refused = VerifyingKey::from_numbers(KeyNumbers::Ec {
        curve: Curve::P256,
        x,
        y,
    });
    assert_eq!(refused.unwrap_err(), KeyError::EcPointNotOnCurve);
}

/// The DER inside a PEM.
fn spki(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

/// The key at the end of an SPKI whose exponent is 65537: the modulus is what lies before that.
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
