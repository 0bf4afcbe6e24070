//! Tests with keys and certificates made by OpenSSL, and with modified copies. The script
//! `tests/support/keys/pem/make.sh` creates the files.

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/support/keys/", $name))
    };
}

#[cfg(not(target_arch = "wasm32"))]
mod mutated;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::jose::base64url;
use crate::jose::key::Validity;
use crate::jose::numbers::{Curve, KeyNumbers, KeyType};
use crate::time::UnixSeconds;

/// Three times in seconds since 1970. `START` is 2020-01-01. `END` is the last second before
/// 2100-01-01. `NEVER` is the last second that X.509 can express.
const START: i64 = 1_577_836_800;
const END: i64 = 4_102_444_799;
const NEVER: i64 = 253_402_300_799;

fn one(text: &str) -> VerifyingKey {
    let keys = keys(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    <[_; 1]>::try_from(keys)
        .unwrap()
        .into_iter()
        .next()
        .unwrap()
}

fn refused(text: &str) -> BlockError {
    match keys(text).unwrap_err() {
        PemError::Block { number: 1, reason } => reason,
        other => panic!("{other}: {text}"),
    }
}

fn between(not_before: i64, not_after: i64) -> Validity {
    Validity {
        not_before: UnixSeconds::new(not_before),
        not_after: UnixSeconds::new(not_after),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// The octets of the first block in a file.
fn der(text: &str) -> Vec<u8> {
    let (block, _) = next_block(text).unwrap().unwrap();
    let body: String = block.body.split_whitespace().collect();
    STANDARD.decode(body).unwrap()
}

/// Replaces `from` with `to`, which must have the same length. `from` must occur exactly once in
/// `octets`.
fn replaced(octets: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut places = (0..octets.len()).filter(|at| octets[*at..].starts_with(from));
    let (at, None) = (places.next().unwrap(), places.next()) else {
        panic!("the octets to replace occur twice")
    };
    [&octets[..at], to, &octets[at + to.len()..]].concat()
}

#[test]
fn parses_every_form_and_type() {
    let p256 = KeyType::Ec(Curve::P256);
    for (text, key_type) in [
        (file!("rsa.pub.pem"), KeyType::Rsa),
        (file!("p256.pub.pem"), p256),
        (file!("p384.pub.pem"), KeyType::Ec(Curve::P384)),
        (file!("p521.pub.pem"), KeyType::Ec(Curve::P521)),
        (file!("ed25519.pub.pem"), KeyType::Okp),
        (file!("pem/rsa_pkcs1.pem"), KeyType::Rsa),
    ] {
        let key = one(text);
        assert_eq!((key.key_type(), key.validity()), (key_type, None));
        assert_eq!((key.kid(), key.alg(), key.issuer()), (None, None, None));
    }
}

#[test]
fn one_key_has_one_thumbprint_in_every_form() {
    for same in [
        &[
            file!("rsa.pub.pem"),
            file!("pem/rsa_pkcs1.pem"),
            file!("pem/rsa_cert.pem"),
        ][..],
        &[file!("p256.pub.pem"), file!("pem/p256_cert.pem")],
        &[file!("ed25519.pub.pem"), file!("pem/ed25519_cert.pem")],
    ] {
        for text in same {
            assert_eq!(one(text).thumbprint(), one(same[0]).thumbprint());
        }
    }
}

#[test]
fn a_certificate_limits_its_key() {
    for (text, from, to) in [
        (file!("pem/rsa_cert.pem"), START, END),
        (file!("pem/p256_cert.pem"), START, END),
        (file!("pem/p256_cert_expired.pem"), START, 1_609_459_200),
        (file!("pem/ed25519_cert.pem"), START, NEVER),
    ] {
        let key = one(text);
        assert_eq!(key.validity(), Some(between(from, to)));
        for (now, serves) in [(from - 1, false), (from, true), (to, true), (to + 1, false)] {
            assert_eq!(key.is_valid_at(UnixSeconds::new(now)), serves, "{now}");
        }
    }
}

#[test]
fn parses_both_forms_of_time() {
    let certificate = der(file!("pem/p256_cert_expired.pem"));
    let not_after = |text: &str| {
        let octets = replaced(&certificate, b"210101000000Z", text.as_bytes());
        keys(&pem("CERTIFICATE", &octets)).ok()?[0].validity()
    };
    for (text, seconds) in [
        ("491231235959Z", 2_524_607_999),
        ("500101000000Z", -631_152_000),
        ("700101000000Z", 0),
        ("691231235959Z", -1),
        ("000229000000Z", 951_782_400),
        ("240229120000Z", 1_709_208_000),
    ] {
        assert_eq!(not_after(text), Some(between(START, seconds)), "{text}");
    }
    for text in [
        "230229000000Z",
        "210001000000Z",
        "211301000000Z",
        "210100000000Z",
        "210132000000Z",
        "210431000000Z",
        "210101240000Z",
        "210101006000Z",
        "210101000060Z",
        "210101000000z",
        "2101010000Z00",
        "+10101000000Z",
        "21010100000 Z",
        "2101010000+01",
    ] {
        assert_eq!(not_after(text), None, "{text}");
    }
}

#[test]
fn parses_text_as_configuration_languages_reformat_it() {
    let text = file!("p256.pub.pem");
    let expected = one(text).thumbprint();
    for text in [
        text.replace('\n', "\r\n"),
        text.replace('\n', "\n    "),
        text.replace('\n', " "),
        format!("Subject: CN = login\n\n{text}\n\n"),
        format!("\u{feff}{text}"),
    ] {
        assert_eq!(one(&text).thumbprint(), expected, "{text}");
    }
}

#[test]
fn parses_several_blocks_in_order() {
    let text = [
        file!("p256.pub.pem"),
        file!("pem/rsa_cert.pem"),
        file!("ed25519.pub.pem"),
    ];
    let types: Vec<_> = keys(&text.concat())
        .unwrap()
        .iter()
        .map(VerifyingKey::key_type)
        .collect();
    assert_eq!(
        types,
        [KeyType::Ec(Curve::P256), KeyType::Rsa, KeyType::Okp]
    );
    let text = [file!("p256.pub.pem"), file!("pem/rsa_1024.pem")].concat();
    let weak = BlockError::Key(KeyError::RsaModulusTooSmall { bits: 1024 });
    let second = PemError::Block {
        number: 2,
        reason: weak,
    };
    assert_eq!(keys(&text).unwrap_err(), second);
}

#[test]
fn refuses_keys_that_are_not_for_verifying() {
    for (text, reason) in [
        (
            file!("pem/rsa_1024.pem"),
            BlockError::Key(KeyError::RsaModulusTooSmall { bits: 1024 }),
        ),
        (file!("pem/rsa_pss.pem"), BlockError::PssOnly),
        (
            file!("pem/p256_compressed.pem"),
            BlockError::CompressedPoint,
        ),
        (file!("pem/p256_explicit.pem"), BlockError::UnsupportedCurve),
        (file!("pem/secp256k1.pem"), BlockError::UnsupportedCurve),
        (file!("pem/x25519.pem"), BlockError::UnsupportedAlgorithm),
        (
            file!("pem/p256_cert_encipherment.pem"),
            BlockError::NotForSignatures,
        ),
    ] {
        assert_eq!(refused(text), reason, "{text}");
    }
}

#[test]
fn key_usage_counts_in_every_encoding() {
    let certificate = der(file!("pem/p256_cert.pem"));
    let usage = |bits: [u8; 4]| {
        // The certificate's keyUsage is digitalSignature and keyCertSign.
        let octets = replaced(
            &certificate,
            &[4, 4, 3, 2, 2, 0x84],
            &[[4, 4].as_slice(), &bits].concat(),
        );
        keys(&pem("CERTIFICATE", &octets)).map(|_| ())
    };
    assert_eq!(usage([3, 2, 7, 0x80]), Ok(()));
    for (bits, reason) in [
        ([3, 2, 6, 0x40], BlockError::NotForSignatures),
        ([3, 2, 7, 0x00], BlockError::NotForSignatures),
        ([4, 2, 7, 0x80], BlockError::Malformed),
        ([3, 1, 0, 0x80], BlockError::Malformed),
    ] {
        let refused = PemError::Block { number: 1, reason };
        assert_eq!(usage(bits), Err(refused), "{bits:x?}");
    }
}

#[test]
fn parameters_must_be_those_of_the_algorithm() {
    let (rsa, ed25519) = (der(file!("rsa.pub.pem")), der(file!("ed25519.pub.pem")));
    let spki = |octets: &[u8]| refused(&pem("PUBLIC KEY", octets));
    // The parameters of an RSA key must be NULL. Parameters of another type are refused, and so is
    // a NULL with content.
    assert_eq!(
        spki(&replaced(&rsa, &[5, 0, 3], &[6, 0, 3])),
        BlockError::UnsupportedAlgorithm
    );
    assert_eq!(
        spki(&replaced(&rsa, &[5, 0, 3], &[5, 1, 3])),
        BlockError::Malformed
    );
    assert_eq!(
        spki(&replaced(&rsa, &[5, 0, 3], &[2, 0, 3])),
        BlockError::Malformed
    );
    // The object identifier of X448.
    assert_eq!(
        spki(&replaced(&ed25519, &[0x2b, 101, 112], &[0x2b, 101, 111])),
        BlockError::UnsupportedAlgorithm
    );
    // A point of small order, encoded as all zeros.
    let identity = [&ed25519[..12], &[0; 32]].concat();
    assert_eq!(spki(&identity), BlockError::Key(KeyError::OkpPoint));
    let p256 = der(file!("p256.pub.pem"));
    let off = [&p256[..27], &[1; 64]].concat();
    assert_eq!(spki(&off), BlockError::Key(KeyError::EcPointNotOnCurve));
    let hybrid = replaced(&p256, &[0, 4, p256[27]], &[0, 6, p256[27]]);
    assert_eq!(spki(&hybrid), BlockError::Malformed);
}

#[test]
fn refuses_broken_boundaries() {
    let text = file!("p256.pub.pem");
    for (text, reason) in [
        (text.replace("-----END", "----END"), BlockError::Boundary),
        (
            text.replace("END PUBLIC", "END RSA PUBLIC"),
            BlockError::Boundary,
        ),
        (
            text.replace("-----BEGIN", "----BEGIN"),
            BlockError::Boundary,
        ),
        (
            text.replace("KEY-----\nM", "KEY----\nM"),
            BlockError::Boundary,
        ),
        (
            text.lines().next().unwrap().to_owned(),
            BlockError::Boundary,
        ),
        (
            text.replace("PUBLIC KEY", "EC PUBLIC KEY"),
            BlockError::UnsupportedLabel,
        ),
        (
            text.replace("PUBLIC KEY", "TRUSTED CERTIFICATE"),
            BlockError::UnsupportedLabel,
        ),
        (
            text.replace("PUBLIC KEY", "X509 CERTIFICATE"),
            BlockError::UnsupportedLabel,
        ),
        (
            text.replace("PUBLIC KEY", "public key"),
            BlockError::UnsupportedLabel,
        ),
        (
            text.replace("PUBLIC KEY", "CERTIFICATE"),
            BlockError::Malformed,
        ),
        (
            text.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
            BlockError::Malformed,
        ),
        (text.replacen('M', "*", 1), BlockError::NotBase64),
        (text.replacen('M', "-", 1), BlockError::NotBase64),
        (text.replace("==", ""), BlockError::NotBase64),
        (
            text.replacen("\nM", "\nComment: x\n\nM", 1),
            BlockError::NotBase64,
        ),
        (pem("PUBLIC KEY", &[]), BlockError::Malformed),
        (
            pem("PUBLIC KEY", &[der(text), vec![0]].concat()),
            BlockError::Malformed,
        ),
    ] {
        assert_eq!(refused(&text), reason, "{text}");
    }
    for text in [
        "",
        "\n",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
        "PUBLIC KEY",
    ] {
        assert_eq!(keys(text).unwrap_err(), PemError::NoBlock, "{text}");
    }
    let after = format!("{text}-----BEGIN PUBLIC KEY");
    let second = PemError::Block {
        number: 2,
        reason: BlockError::Boundary,
    };
    assert_eq!(keys(&after).unwrap_err(), second);
}

#[test]
fn a_private_key_is_reported_first_and_never_repeated() {
    let public = file!("p256.pub.pem");
    for kind in ["", "RSA ", "EC ", "DSA ", "ENCRYPTED ", "OPENSSH "] {
        let private = pem(&format!("{kind}PRIVATE KEY"), b"hunter2 hunter2");
        for text in [
            private.clone(),
            format!("{public}{private}"),
            format!("{private}{public}"),
            format!("-----BEGIN NONSENSE\n{private}"),
            private.replace("-----END", ""),
        ] {
            let error = keys(&text).unwrap_err();
            assert_eq!(error, PemError::PrivateKey, "{text}");
            let said = format!("{error} {error:?}");
            assert!(said.contains("secret") || said.contains("PrivateKey"));
            assert!(!said.contains(&STANDARD.encode("hunter")), "{said}");
        }
    }
}

#[test]
fn a_leading_zero_of_a_modulus_changes_nothing() {
    // DER writes a zero octet before each modulus whose first bit is set; JWK does not.
    let octets = der(file!("pem/rsa_pkcs1.pem"));
    let mut numbers = der::Elements::of_sequence(&octets).unwrap();
    let (modulus, exponent) = (numbers.unsigned().unwrap(), numbers.unsigned().unwrap());
    assert_eq!(
        (modulus[0], base64url::encode(exponent).as_str()),
        (0, "AQAB")
    );
    let jwk = KeyNumbers::Rsa {
        modulus: &modulus[1..],
        exponent,
    };
    let jwk = VerifyingKey::from_numbers(jwk).unwrap();
    assert_eq!(jwk.thumbprint(), one(file!("rsa.pub.pem")).thumbprint());
}
