//! Tests that the parser never panics, and that it finds the same values in mutated certificates
//! as `x509-cert` does.

use proptest::prelude::*;
use x509_cert::{
    Certificate,
    der::{Decode as _, Encode as _},
    ext::pkix::KeyUsage,
    time::Time,
};

use super::*;

const TEXTS: [&str; 9] = [
    file!("rsa.pub.pem"),
    file!("p256.pub.pem"),
    file!("p521.pub.pem"),
    file!("ed25519.pub.pem"),
    file!("pem/rsa_pkcs1.pem"),
    file!("pem/rsa_cert.pem"),
    file!("pem/p256_cert.pem"),
    file!("pem/p256_cert_encipherment.pem"),
    file!("pem/ed25519_cert.pem"),
];

fn octet() -> impl Strategy<Value = u8> {
    let known = vec![
        0, 1, 2, 3, 4, 5, 6, 0x17, 0x18, 0x30, 0x7f, 0x80, 0x81, 0x82, 0xa0, 0xa3, 0xff,
    ];
    prop_oneof![prop::sample::select(known), any::<u8>()]
}

/// Compares the key and the validity period with those that `x509-cert` finds in the same
/// certificate. Portcullis accepts some certificates that `x509-cert` refuses, because `x509-cert`
/// also checks names and versions, and refuses dates before 1970. Certificates that fail these
/// checks are not compared.
fn assert_read_alike(octets: &[u8], found: &VerifyingKey) {
    let validity = found.validity().unwrap();
    let epoch = UnixSeconds::new(0);
    let Ok(other) = Certificate::from_der(octets) else {
        return;
    };
    if validity.not_before < epoch || validity.not_after < epoch {
        return;
    }
    let other = other.tbs_certificate();
    let spki = other.subject_public_key_info().to_der().unwrap();
    let key = one(&pem("PUBLIC KEY", &spki));
    assert_eq!(key.thumbprint(), found.thumbprint());
    let seconds = |time: Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap();
    let dates = other.validity();
    let expected = between(seconds(dates.not_before), seconds(dates.not_after));
    assert_eq!(validity, expected);
    if let Ok(Some((_, usage))) = other.get_extension::<KeyUsage>() {
        assert!(usage.digital_signature());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        // The environment variable `PROPTEST_CASES` can raise the number of cases.
        cases: ProptestConfig::default().cases.max(4000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn der_gives_a_key_or_an_error(
        text in prop::sample::select(TEXTS.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), octet()), 1..4),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut octets = der(text);
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        octets.truncate(cut.map_or(octets.len(), |at| at.index(octets.len())));
        for label in ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"] {
            let Ok(found) = keys(&pem(label, &octets)) else { continue };
            prop_assert_eq!(found.len(), 1);
            if label == "CERTIFICATE" {
                assert_read_alike(&octets, &found[0]);
            }
        }
    }

    #[test]
    fn text_gives_keys_or_an_error(
        text in prop::sample::select(TEXTS.to_vec()),
        at: prop::sample::Index,
        with in prop_oneof!["-----|BEGIN|END|PUBLIC KEY|\n|=|\\PC{0,3}", Just(String::new())],
        length in 0..20_usize,
    ) {
        let text = [text, TEXTS[1]].concat();
        let at = at.index(text.len());
        let end = text.len().min(at + length);
        let octets = text.as_bytes();
        let text = [&octets[..at], with.as_bytes(), &octets[end..]].concat();
        if let Ok(found) = keys(str::from_utf8(&text).unwrap()) {
            prop_assert!(found.len() <= 2);
        }
    }

    #[test]
    fn anything_gives_an_error(octets: Vec<u8>, text: String) {
        for label in ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"] {
            prop_assert!(keys(&pem(label, &octets)).is_err());
        }
        prop_assert!(keys(&text).is_err());
    }
}
