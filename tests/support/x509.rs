//! Verifies signatures in the same way as a host that knows X.509 but not JOSE. The DER parsers
//! here share no code with those of Portcullis.
//!
//! Like BoringSSL, this verifier looks only at the key. It accepts any hash with any key, even if
//! the token's algorithm does not allow that combination.

#![allow(
    clippy::unwrap_used,
    reason = "only tests use this module, and a number that fits a curve also fits its field"
)]
#![allow(dead_code, reason = "each test file uses only a part of this module")]

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{BoxedUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::{
    der::{Decode as _, asn1::UintRef, oid::ObjectIdentifier},
    spki::SubjectPublicKeyInfoRef,
};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Returns whether a signature is valid; `None` if the key cannot be read or the hash is unknown.
pub fn verifies(hash: &str, public_key: &[u8], signature: &[u8], text: &[u8]) -> Option<bool> {
    let key = SubjectPublicKeyInfoRef::from_der(public_key).ok()?;
    let octets = key.subject_public_key.as_bytes()?;
    let (digest, padding) = match hash {
        "sha256" => (Sha256::digest(text).to_vec(), Pkcs1v15Sign::new::<Sha256>()),
        "sha384" => (Sha384::digest(text).to_vec(), Pkcs1v15Sign::new::<Sha384>()),
        "sha512" => (Sha512::digest(text).to_vec(), Pkcs1v15Sign::new::<Sha512>()),
        _ => return None,
    };
    match (key.algorithm.oid, key.algorithm.parameters_oid().ok()) {
        (RSA, None) => {
            let [n, e] = numbers(octets)?.map(BoxedUint::from_be_slice_vartime);
            let key = RsaPublicKey::new(n, e).ok()?;
            Some(key.verify(padding, &digest, signature).is_ok())
        }
        (EC, Some(P256)) => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(octets).ok()?;
            let signature = side_by_side(signature, 32)
                .and_then(|octets| p256::ecdsa::Signature::from_slice(&octets).ok());
            Some(signature.is_some_and(|it| key.verify_prehash(&digest, &it).is_ok()))
        }
        (EC, Some(P384)) => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(octets).ok()?;
            let signature = side_by_side(signature, 48)
                .and_then(|octets| p384::ecdsa::Signature::from_slice(&octets).ok());
            Some(signature.is_some_and(|it| key.verify_prehash(&digest, &it).is_ok()))
        }
        (EC, Some(P521)) => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(octets).ok()?;
            let signature = side_by_side(signature, 66)
                .and_then(|octets| p521::ecdsa::Signature::from_slice(&octets).ok());
            Some(signature.is_some_and(|it| key.verify_prehash(&digest, &it).is_ok()))
        }
        _ => None,
    }
}

/// Parses a strictly encoded DER sequence of two integers. Returns `None` for anything else.
fn numbers(der: &[u8]) -> Option<[&[u8]; 2]> {
    let numbers = Vec::<UintRef<'_>>::from_der(der).ok()?;
    let octets: Vec<_> = numbers.iter().map(|number| number.as_bytes()).collect();
    octets.try_into().ok()
}

/// Converts an `Ecdsa-Sig-Value` (DER) to the signature format of JOSE; `None` if the input is not
/// valid.
fn side_by_side(der: &[u8], octets: usize) -> Option<Vec<u8>> {
    let mut both = Vec::new();
    for number in numbers(der)? {
        let zeros = octets.checked_sub(number.len())?;
        both.resize(both.len().checked_add(zeros)?, 0);
        both.extend_from_slice(number);
    }
    Some(both)
}
