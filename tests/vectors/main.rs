//! Public test vectors, run through the public interface of `portcullis::jose`.
//!
//! The module `sources` lists where the vectors come from. The vectors belong to other projects and
//! have their own licences. So this folder contains copies of the RFCs' examples only
//! (`rfc_examples.json`).
//!
//! Every test asserts the number of its cases. Otherwise, a test without any cases would pass.

mod cavp;
mod cookbooks;
mod envoy;
mod hostile;
mod joserfc;
mod rfcs;
mod sources;
mod wycheproof_jose;
mod wycheproof_primitives;

use std::path::{Path, PathBuf};

use portcullis::jose::{
    Algorithm, CompactJws, Family, KeyOrigin, KeyQuery, KeySet, KeySetError, KeySetLimits,
    VerifyingKey,
};
use portcullis::time::UnixSeconds;
use portcullis::verification::Accelerator;
use portcullis_native::AwsLc;
use serde_json::{Value, json};

fn text(path: &Path) -> String {
    let octets = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8(octets).unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

/// The files in a folder, sorted by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn string(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
}

/// Decodes hexadecimal digits. If their number is odd, a leading zero is added.
fn unhex(digits: &str) -> Vec<u8> {
    let digits = if digits.len() % 2 == 1 {
        format!("0{digits}")
    } else {
        digits.to_owned()
    };
    let octet = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(octet).collect()
}

/// Adds leading zeros to `octets` until there are `length` octets.
fn left_padded(octets: &[u8], length: usize) -> Vec<u8> {
    let zeros = length.saturating_sub(octets.len());
    [&vec![0; zeros], octets].concat()
}

/// Prints how many cases a test ran, and fails if that number differs from `expected`.
fn ran(what: &str, cases: usize, expected: usize) {
    println!("{what}: {cases} cases");
    assert_eq!(cases, expected, "{what}: number of cases");
}

/// The verdict on a signature. Portcullis itself, a verifier like Envoy's, and AWS-LC must agree.
fn verdict(key: &VerifyingKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    let own = key.verify(algorithm, message, signature);
    let offered = key.as_x509(algorithm, message, signature);
    let host = offered.as_ref().and_then(|it| Some((it.hash_name()?, it)));
    let host = host.map(|(hash, it)| {
        support::x509::verifies(hash, it.public_key.der(), &it.signature, it.text)
            .expect("the host cannot read this key")
    });
    let is_offered = matches!(algorithm.family(), Family::RsaPkcs1 | Family::Ecdsa);
    agrees("the host", own, host, is_offered);
    let is_supported = AwsLc.supports(algorithm.scheme());
    let native = offered.filter(|_| is_supported).map(|it| {
        let verdict = AwsLc.verify(&it);
        verdict.expect("AWS-LC cannot read this admitted key")
    });
    agrees("AWS-LC", own, native, is_supported);
    own
}

/// Fails if the verdict of Portcullis differs from that of another implementation. `verdict` is
/// `None` if the other implementation was not asked. That is the case if it does not know the
/// algorithm, or if the signature cannot be valid.
fn agrees(other: &str, own: bool, verdict: Option<bool>, is_expected: bool) {
    assert!(
        own || verdict != Some(true),
        "{other} accepts, but Portcullis refuses"
    );
    assert!(
        !own || verdict == is_expected.then_some(true),
        "Portcullis accepts, but {other} refuses"
    );
}

/// Parses a single JWK or a JWK Set as a key set.
fn key_set(keys: &Value, origin: KeyOrigin) -> Result<KeySet, KeySetError> {
    let set = if keys.get("keys").is_some() {
        keys.clone()
    } else {
        json!({ "keys": [keys] })
    };
    KeySet::parse(set.to_string().as_bytes(), origin, KeySetLimits::default())
}

fn key(jwk: &Value) -> VerifyingKey {
    VerifyingKey::from_jwk(jwk.as_object().unwrap(), KeyOrigin::Local).unwrap()
}

/// Returns whether a JWS verifies with a key that its header selects.
fn verifies(jws: &str, keys: &Result<KeySet, KeySetError>) -> bool {
    let (Ok(jws), Ok(keys)) = (CompactJws::parse(jws), keys) else {
        return false;
    };
    let header = jws.header();
    let mut candidates = keys.candidates(KeyQuery::of(header, UnixSeconds::default()));
    let (input, signature) = (jws.signing_input().as_bytes(), jws.signature());
    candidates.any(|key| verdict(key, header.algorithm(), input, signature))
}
