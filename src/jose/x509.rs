//! Keys and signatures in the encodings of X.509 (RFC 3279, RFC 5480), for
//! accelerators (host code that verifies signatures).
//!
//! In X.509, a key and an ECDSA signature are DER. In JOSE, a key is a JSON object, and an ECDSA
//! signature is r followed by s. Keys and signatures are checked in JOSE's encoding and then
//! converted here. So an accelerator never parses DER that a client wrote, and two parsers cannot
//! interpret the same DER differently. If Portcullis cannot convert a signature, it does not ask the
//! accelerator. It verifies the signature itself.

use core::any::Any;
use std::{borrow::Cow, sync::OnceLock};

use crate::jose::algorithm::{Hash, Scheme};
use crate::jose::big_endian::without_leading_zeros;
use crate::jose::numbers::{Curve, KeyNumbers};

/// 1.2.840.113549.1.1.1, `rsaEncryption`.
pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// 1.2.840.10045.2.1, `id-ecPublicKey`.
pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.3.101.112, `id-Ed25519` (RFC 8410 section 3).
const ED25519: &[u8] = &[0x2b, 0x65, 112];
/// 1.2.840.10045.3.1.7, `secp256r1`.
pub(super) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// 1.3.132.0.34, `secp384r1`.
pub(super) const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
/// 1.3.132.0.35, `secp521r1`.
pub(super) const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
/// The first octet of a point in uncompressed form; both coordinates follow (SEC 1 section 2.3.3).
pub(super) const UNCOMPRESSED: u8 = 4;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// A signature check for an accelerator (host code that verifies signatures). The accelerator
/// decides whether `signature` is a valid signature of `text` under the key.
///
/// The key has been admitted and fits the scheme. Shared secrets are never passed to an
/// accelerator, so `scheme` is never HMAC.
#[derive(Clone, Debug)]
pub struct X509Signature<'a> {
    /// The scheme of the signature, with its hash.
    pub scheme: Scheme,
    /// The key.
    pub public_key: &'a X509Key,
    /// The signature: for ECDSA, `Ecdsa-Sig-Value` in DER (RFC 3279 section 2.2.3); for RSA and
    /// Ed25519, the octets unchanged.
    pub signature: Cow<'a, [u8]>,
    /// The text that was signed.
    pub text: &'a [u8],
}

impl X509Signature<'_> {
    /// The name of the hash. Some accelerators, such as BoringSSL, know only the key's type and this
    /// name, and derive the scheme from these two. Returns `None` for schemes that such an
    /// accelerator cannot derive.
    pub const fn hash_name(&self) -> Option<&'static str> {
        match self.scheme {
            Scheme::RsaPkcs1(hash) | Scheme::Ecdsa(hash) => Some(match hash {
                Hash::Sha256 => "sha256",
                Hash::Sha384 => "sha384",
                Hash::Sha512 => "sha512",
            }),
            Scheme::RsaPss(_) | Scheme::Ed25519 | Scheme::Hmac(_) => None,
        }
    }
}

/// A public key in the encoding of X.509. It also stores a value that an accelerator has prepared
/// from the key.
#[derive(Debug)]
pub struct X509Key {
    der: Box<[u8]>,
    prepared: OnceLock<Option<Box<dyn Any + Send + Sync>>>,
}

impl X509Key {
    /// Encodes the numbers of a public key. Returns `None` for a secret, because secrets are never
    /// passed to an accelerator.
    pub(super) fn of(numbers: KeyNumbers<'_>) -> Option<Self> {
        Some(Self {
            der: public_key(numbers)?,
            prepared: OnceLock::new(),
        })
    }

    /// `SubjectPublicKeyInfo` in DER (RFC 5280 section 4.1).
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The value that an accelerator has prepared from the key, such as a parsed key. The first
    /// call passes the DER to `prepare` and stores the result. Later calls return the stored
    /// result. Returns `None` if `prepare` failed in the first call, or if the type of the stored
    /// value is not `T`.
    pub fn prepared<T: Any + Send + Sync>(
        &self,
        prepare: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<&T> {
        let prepared = self.prepared.get_or_init(|| {
            let prepared: Box<dyn Any + Send + Sync> = Box::new(prepare(&self.der)?);
            Some(prepared)
        });
        prepared.as_ref()?.downcast_ref()
    }
}

/// The `SubjectPublicKeyInfo` of an admitted key. Returns `None` for a secret.
fn public_key(numbers: KeyNumbers<'_>) -> Option<Box<[u8]>> {
    let (algorithm, parameters, key) = match numbers {
        // RFC 3279 section 2.3.1.
        KeyNumbers::Rsa { modulus, exponent } => {
            (RSA, element(NULL, &[]), integers(modulus, exponent))
        }
        // RFC 5480 section 2.1.1.
        KeyNumbers::Ec { curve, x, y } => {
            let curve = match curve {
                Curve::P256 => P256,
                Curve::P384 => P384,
                Curve::P521 => P521,
            };
            let point = [&[UNCOMPRESSED], x, y].concat();
            (EC, element(OBJECT_IDENTIFIER, &[curve]), point)
        }
        // RFC 8410 section 4. The algorithm has no parameters.
        KeyNumbers::Ed25519 { x } => (ED25519, Vec::new(), x.to_vec()),
        KeyNumbers::Oct { .. } => return None,
    };
    let algorithm = element(OBJECT_IDENTIFIER, &[algorithm]);
    let algorithm = element(SEQUENCE, &[&algorithm, &parameters]);
    // The content of a bit string begins with the number of unused bits in its last octet, here 0.
    let key = element(BIT_STRING, &[&[0], &key]);
    Some(element(SEQUENCE, &[&algorithm, &key]).into())
}

/// Converts r followed by s to an `Ecdsa-Sig-Value`.
pub(super) fn ecdsa_signature(octets: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = octets.split_at_checked(octets.len() / 2)?;
    Some(integers(r, s))
}

/// The DER sequence of two unsigned big-endian integers.
fn integers(first: &[u8], second: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&integer(first), &integer(second)])
}

fn integer(octets: &[u8]) -> Vec<u8> {
    let minimal = without_leading_zeros(octets);
    // In DER, the first bit of an integer's content is the sign. So if the first bit of the number
    // itself is set, the content starts with a zero octet.
    let sign: &[u8] = match minimal.first() {
        Some(0..=0x7f) => &[],
        _ => &[0],
    };
    element(INTEGER, &[sign, minimal])
}

/// The DER element with this tag, whose content is the concatenation of `parts`.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let digits = without_leading_zeros(&length);
    let mut octets = vec![tag];
    match digits {
        [] => octets.push(0),
        [0..=0x7f] => octets.extend(digits),
        _ => {
            octets.extend(u8::try_from(digits.len()).map(|count| 0x80 | count));
            octets.extend(digits);
        }
    }
    octets.extend(content);
    octets
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use core::cell::Cell;

    use super::*;
    use crate::jose::base64url;

    #[test]
    fn elements_have_the_shortest_length() {
        for (size, head) in [
            (0, &[4, 0][..]),
            (1, &[4, 1]),
            (0x7f, &[4, 0x7f]),
            (0x80, &[4, 0x81, 0x80]),
            (0xff, &[4, 0x81, 0xff]),
            (0x100, &[4, 0x82, 1, 0]),
            (0x1234, &[4, 0x82, 0x12, 0x34]),
        ] {
            let content = vec![7; size];
            assert_eq!(element(4, &[&content]), [head, &content].concat(), "{size}");
        }
    }

    #[test]
    fn integers_are_minimal_and_never_negative() {
        for (octets, expected) in [
            (&[][..], &[2, 1, 0][..]),
            (&[0, 0], &[2, 1, 0]),
            (&[0, 1], &[2, 1, 1]),
            (&[0x7f], &[2, 1, 0x7f]),
            (&[0x80], &[2, 2, 0, 0x80]),
            (&[0, 0xff, 0], &[2, 3, 0, 0xff, 0]),
        ] {
            assert_eq!(integer(octets), expected, "{octets:x?}");
        }
    }

    #[test]
    fn signature_is_two_integers() {
        let octets = [&[0; 31][..], &[5], &[0xff; 32]].concat();
        let expected = [&[0x30, 38, 2, 1, 5, 2, 33, 0][..], &[0xff; 32]].concat();
        assert_eq!(ecdsa_signature(&octets), Some(expected));
    }

    #[test]
    fn accelerators_are_offered_no_secrets() {
        assert_eq!(public_key(KeyNumbers::Oct { secret: &[7; 32] }), None);
    }

    /// The example of RFC 8410 section 10.1.
    #[test]
    fn writes_an_ed25519_key_as_rfc_8410_does() {
        let example = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE";
        // The example contains only characters that base64 and base64url share.
        let der = base64url::decode(example).unwrap();
        let x = der.get(12..).unwrap();
        assert_eq!(
            public_key(KeyNumbers::Ed25519 { x }).as_deref(),
            Some(&*der)
        );
    }

    #[test]
    fn a_key_is_prepared_once_for_all_its_signatures() {
        let key = X509Key::of(KeyNumbers::Ed25519 { x: &[7; 32] }).unwrap();
        let calls = Cell::new(0_usize);
        let prepare = |der: &[u8]| {
            calls.set(calls.get() + 1);
            Some(der.len())
        };
        for _ in 0..3 {
            assert_eq!(key.prepared(prepare), Some(&44));
        }
        assert_eq!(calls.get(), 1);
        let of_another = key.prepared(|_| Some("another accelerator's"));
        assert_eq!(of_another, None);
    }

    #[test]
    fn a_key_that_cannot_be_prepared_is_not_tried_again() {
        let key = X509Key::of(KeyNumbers::Ed25519 { x: &[7; 32] }).unwrap();
        assert_eq!(key.prepared(|_| None::<u8>), None);
        assert_eq!(key.prepared(|_| Some(1_u8)), None);
    }
}
