//! Key sets: each key is accepted or skipped independently of the others, and an accepted key is
//! the key that its JWK describes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::elliptic_curve::sec1::FromSec1Point as _;
use portcullis::jose::{
    Algorithm, Curve, JwkAlgorithm, KeyOrigin, KeyPurpose, KeyQuery, KeySet, KeySetError,
    KeySetLimits, KeyType, VerifyingKey,
};
use portcullis::time::UnixSeconds;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const LIMITS: KeySetLimits = KeySetLimits {
    bytes: 65_536,
    keys: 16,
};

/// Reads the input as a JWK Set.
pub fn check(input: &[u8]) {
    let local = KeySet::parse(input, KeyOrigin::Local, LIMITS);
    let remote = KeySet::parse(input, KeyOrigin::Remote, LIMITS);
    if let Ok(remote) = &remote {
        let local = local
            .as_ref()
            .expect("a key set that is accepted from a server is refused in the configuration");
        let is_secret = |key: &&VerifyingKey| key.key_type() == KeyType::Oct;
        assert_eq!(
            remote
                .keys()
                .iter()
                .find(is_secret)
                .map(VerifyingKey::thumbprint),
            None
        );
        let public = local.keys().iter().filter(|key| !is_secret(key));
        assert!(
            public
                .map(VerifyingKey::thumbprint)
                .eq(remote.keys().iter().map(VerifyingKey::thumbprint)),
            "the origin changes which public keys are accepted"
        );
    }
    match local {
        Ok(set) => check_set(input, &set),
        Err(KeySetError::NoUsableKey { skipped }) => {
            assert!(skipped.iter().all(|key| !key.reason.to_string().is_empty()));
        }
        Err(_) => {}
    }
}

fn check_set(input: &[u8], set: &KeySet) {
    let document: Value = serde_json::from_slice(input).unwrap_or_default();
    let Some(written) = document["keys"].as_array() else {
        // `serde_json` refuses the whole document, for example because a number overflows, but the
        // parser under test skips only the key with that number.
        return;
    };
    assert_eq!(
        written.len(),
        set.keys().len() + set.skipped().len(),
        "a key is lost"
    );
    assert!(written.len() <= LIMITS.keys);
    let skipped: Vec<usize> = set.skipped().iter().map(|key| key.index).collect();
    let admitted = written
        .iter()
        .enumerate()
        .filter(|(index, _)| !skipped.contains(index));
    for ((_, jwk), key) in admitted.zip(set.keys()) {
        check_key(jwk, key);
        let alone = VerifyingKey::from_jwk_json(jwk.to_string().as_bytes(), KeyOrigin::Local);
        assert_eq!(
            alone.map(|key| key.thumbprint()),
            Ok(key.thumbprint()),
            "a key of the set is refused when it comes alone"
        );
    }
    check_candidates(set);
}

/// Compares a key with its JWK, and checks that the JWK allows the key to verify signatures.
fn check_key(jwk: &Value, key: &VerifyingKey) {
    assert_eq!(jwk["kid"].as_str(), key.kid());
    assert_eq!(jwk["issuer"].as_str(), key.issuer());
    match key.purpose() {
        KeyPurpose::Signatures => assert!(
            jwk["use"].is_null() || jwk["use"] == "sig",
            "a key for another use was accepted: {jwk}"
        ),
        KeyPurpose::JwtSvids => assert!(
            jwk["use"] == "jwt-svid" && key.kid().is_some(),
            "a key for another use was accepted: {jwk}"
        ),
    }
    let verifies = |operations: &Value| {
        operations
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == "verify"))
    };
    assert!(
        jwk.get("key_ops").is_none_or(verifies),
        "for other operations: {jwk}"
    );
    if let Some(name) = jwk["alg"].as_str() {
        let algorithm = Algorithm::from_name(name).expect("an unknown algorithm");
        assert_eq!(key.alg(), Some(algorithm));
        assert!(key.fits(algorithm));
    }
    let octets = |member: &str| {
        let text = jwk[member]
            .as_str()
            .unwrap_or_else(|| panic!("{member} is no text: {jwk}"));
        URL_SAFE_NO_PAD.decode(text).expect("not base64url")
    };
    // The thumbprint is the hash of these members (RFC 7638 section 3).
    let required = match key.key_type() {
        KeyType::Ec(curve) => {
            assert_eq!(
                (&jwk["kty"], &jwk["crv"]),
                (&json!("EC"), &json!(curve.name()))
            );
            assert_eq!([octets("x").len(), octets("y").len()], [curve.octets(); 2]);
            if curve == Curve::P256 {
                check_point(&octets("x"), &octets("y"));
            }
            json!({ "crv": curve.name(), "kty": "EC", "x": jwk["x"], "y": jwk["y"] })
        }
        KeyType::Okp => {
            assert_eq!(
                (&jwk["kty"], &jwk["crv"]),
                (&json!("OKP"), &json!("Ed25519"))
            );
            let point = octets("x").try_into().expect("not 32 octets");
            let key = ed25519_dalek::VerifyingKey::from_bytes(&point).expect("no point of Ed25519");
            assert!(!key.is_weak(), "a weak point: {jwk}");
            json!({ "crv": "Ed25519", "kty": "OKP", "x": jwk["x"] })
        }
        KeyType::Oct => {
            assert_eq!(jwk["kty"], "oct");
            assert!(octets("k").len() >= 32, "a short secret: {jwk}");
            json!({ "k": jwk["k"], "kty": "oct" })
        }
        KeyType::Rsa => {
            assert_eq!(jwk["kty"], "RSA");
            let number = |member: &str| {
                let octets = octets(member);
                octets
                    .iter()
                    .copied()
                    .skip_while(|octet| *octet == 0)
                    .collect::<Vec<u8>>()
            };
            let (n, e) = (number("n"), number("e"));
            let bits = 8 * n.len() - usize::try_from(n[0].leading_zeros()).unwrap();
            assert_eq!(bits, key.modulus_bits());
            assert!(
                bits >= 2048 && n[n.len() - 1] & 1 == 1,
                "a weak modulus: {jwk}"
            );
            assert!(
                e != [1] && e[e.len() - 1] & 1 == 1,
                "a weak exponent: {jwk}"
            );
            let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
            json!({ "e": encode(&e), "kty": "RSA", "n": encode(&n) })
        }
    };
    let thumbprint = Sha256::digest(required.to_string());
    assert_eq!(
        key.thumbprint().as_bytes(),
        &*thumbprint,
        "another key than {jwk}"
    );
}

fn check_point(x: &[u8], y: &[u8]) {
    let point = p256::Sec1Point::from_bytes([&[4], x, y].concat()).expect("no point");
    assert!(
        bool::from(p256::PublicKey::from_sec1_point(&point).is_some()),
        "not on the curve"
    );
}

/// Checks that the candidates for a token are exactly the keys that fit the token's purpose,
/// algorithm and `kid`. If the token or the key has no `kid`, the `kid` always fits.
fn check_candidates(set: &KeySet) {
    let purposes = [KeyPurpose::Signatures, KeyPurpose::JwtSvids];
    let asked = Algorithm::ALL.into_iter().flat_map(|algorithm| {
        let asked = move |purpose| (algorithm, purpose);
        purposes.map(asked)
    });
    for (algorithm, purpose) in asked {
        let (binding, now) = (JwkAlgorithm::Exact, UnixSeconds::new(0));
        let kid = set.keys()[0].kid();
        for kid in [None, kid, Some("unknown")] {
            let query = KeyQuery {
                kid,
                algorithm,
                binding,
                purpose,
                now,
                issued: None,
            };
            let candidates: Vec<&VerifyingKey> = set.candidates(query).collect();
            let is_own =
                |key: &&VerifyingKey| kid.is_none() || key.kid().is_none() || key.kid() == kid;
            let expected = set.keys().iter().filter(is_own).filter(|key| {
                key.purpose() == purpose
                    && key.fits(algorithm)
                    && key.alg().is_none_or(|own| own == algorithm)
            });
            assert_eq!(candidates.len(), expected.count(), "{algorithm} {kid:?}");
            for key in candidates {
                assert!(key.fits(algorithm) && is_own(&key));
                assert!(
                    !key.verify(algorithm, b"message", &[]),
                    "an empty signature verifies"
                );
            }
        }
    }
}
