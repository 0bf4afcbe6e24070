//! Keys in PEM: the parser finds the same key and the same dates as the crate `x509-cert`.
//! Indentation and the kind of line ending do not change the result.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis::jose::{PemError, VerifyingKey, pem};
use x509_cert::{
    Certificate,
    der::{Decode as _, Encode as _},
    ext::pkix::KeyUsage,
    spki::SubjectPublicKeyInfoOwned,
    time::Time,
};

/// The labels that a PEM block may have.
const LABELS: [&str; 3] = ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"];

/// Reads the input as PEM if it begins with a dash. Otherwise, reads the input as the DER content
/// of a PEM block.
pub fn check(input: &[u8]) {
    if input.starts_with(b"-") {
        if let Ok(text) = str::from_utf8(input) {
            check_text(text);
        }
        return;
    }
    for label in LABELS {
        let Ok(found) = pem::keys(&block(label, input)) else {
            continue;
        };
        let [key] = found.as_slice() else {
            panic!("{} keys in one block", found.len());
        };
        match label {
            "CERTIFICATE" => check_certificate(input, key),
            "PUBLIC KEY" => check_public_key(input, key),
            _ => assert!(key.modulus_bits() >= 2048, "weak"),
        }
    }
}

fn check_text(text: &str) {
    let found = pem::keys(text);
    if text.contains("PRIVATE KEY") {
        assert_eq!(found.err(), Some(PemError::PrivateKey));
        return;
    }
    // Configuration formats may indent lines and change line endings.
    let indented = pem::keys(&text.replace('\n', "\r\n  "));
    let thumbprints = |keys: &[VerifyingKey]| {
        keys.iter()
            .map(VerifyingKey::thumbprint)
            .collect::<Vec<_>>()
    };
    let Ok(keys) = found else {
        assert_eq!(indented.err(), found.err(), "depends on the ends of lines");
        return;
    };
    assert_eq!(
        indented.map(|keys| thumbprints(&keys)),
        Ok(thumbprints(&keys))
    );
    assert_eq!(
        keys.len(),
        text.matches("-----BEGIN ").count(),
        "a block is lost"
    );
    let twice = pem::keys(&format!("{text}\n{text}")).unwrap();
    assert_eq!(
        thumbprints(&twice),
        [thumbprints(&keys), thumbprints(&keys)].concat()
    );
}

/// Checks that `x509-cert` also reads the input as a `SubjectPublicKeyInfo`, and that encoding the
/// result gives the same octets as the input.
fn check_public_key(octets: &[u8], key: &VerifyingKey) {
    let info = SubjectPublicKeyInfoOwned::from_der(octets).expect("x509-cert reads no key");
    assert_eq!(info.to_der().as_deref(), Ok(octets), "has another encoding");
    assert!(key.validity().is_none());
}

/// Checks that `x509-cert` finds the same key and the same dates in a certificate. The parser under
/// test may accept a certificate that `x509-cert` refuses, because `x509-cert` also parses names
/// and extensions, and does not support dates before 1970.
fn check_certificate(octets: &[u8], key: &VerifyingKey) {
    let validity = key.validity().expect("a certificate without dates");
    let Ok(other) = Certificate::from_der(octets) else {
        return;
    };
    let other = other.tbs_certificate();
    let info = other.subject_public_key_info().to_der().unwrap();
    let alone = pem::keys(&block("PUBLIC KEY", &info)).expect("its key is refused alone");
    assert_eq!(
        alone[0].thumbprint(),
        key.thumbprint(),
        "x509-cert reads another key"
    );
    let seconds = |time: Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap();
    let dates = other.validity();
    let own = [validity.not_before, validity.not_after].map(|time| time.as_i64());
    if own.iter().all(|time| *time >= 0) {
        assert_eq!(own, [seconds(dates.not_before), seconds(dates.not_after)]);
    }
    if let Ok(Some((_, usage))) = other.get_extension::<KeyUsage>() {
        assert!(usage.digital_signature(), "not for signatures");
    }
}

fn block(label: &str, octets: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(octets)
    )
}
