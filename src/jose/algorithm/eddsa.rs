//! `EdDSA` with Ed25519 (RFC 8037 section 3.1, RFC 8032 section 5.1.7).
//!
//! Verification is strict: S below the group order, R canonical and of no small order. So one
//! message and key have no second signature made from the first. What depends only on the key (its
//! canonical encoding, no small order) is checked once, at admission. Ed448 does not exist here.
//!
//! R must be S·B - k·A. The multiples of a fixed point are quick from a table of it, of 30 kB; that
//! of a key takes some thirty verifications to make, so it is made for the first signature that the
//! key is tried on, not at admission: the 64 keys that a set may have would hold a worker for a
//! tenth of a second, and most sets sign with one. What strangers can cause by naming the others is
//! thereby bounded too: one table for each key.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::{Add, Neg};
use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsBasepointTable, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::BasepointTable;
use jwt_compact::AlgorithmSignature;
use sha2::{Digest, Sha512};

use crate::jose::jwk::KeyError;

const KEY_LENGTH: usize = 32;
const SIGNATURE_LENGTH: usize = 64;

/// The table of B. The crate has it as a constant, which would be 30 kB of the module.
static BASE: Table = Table(OnceLock::new());

/// A public key, and once it was used its table.
#[derive(Clone, Debug)]
pub struct PublicKey {
    octets: [u8; KEY_LENGTH],
    /// -A.
    negated: EdwardsPoint,
    table: Table,
}

/// Multiples of a point.
#[derive(Clone)]
struct Table(OnceLock<Box<EdwardsBasepointTable>>);

/// Prepares the public key of those 32 octets (RFC 8037 section 2).
///
/// # Errors
/// Another length; no point of the curve, or not written in its one canonical way; a point of small
/// order, for which a signature of one message is one of nearly every message.
pub fn public_key(x: &[u8]) -> Result<PublicKey, KeyError> {
    let octets = <[u8; KEY_LENGTH]>::try_from(x).map_err(|_| KeyError::OkpLength)?;
    CompressedEdwardsY(octets)
        .decompress()
        .filter(|point| !point.is_small_order() && point.compress().0 == octets)
        .map(|point| PublicKey {
            octets,
            negated: point.neg(),
            table: Table(OnceLock::new()),
        })
        .ok_or(KeyError::OkpPoint)
}

impl PublicKey {
    /// RFC 8032 section 5.1.7. R is not read as a point: the one that it must be is computed and
    /// written, so that an R written in another way is unequal.
    fn verify(&self, message: &[u8], r: &[u8; 32], s: [u8; 32]) -> bool {
        let Some(s) = Scalar::from_canonical_bytes(s).into_option() else {
            return false;
        };
        let k = Sha512::new()
            .chain_update(r)
            .chain_update(self.octets)
            .chain_update(message)
            .finalize();
        let k = Scalar::from_bytes_mod_order_wide(&k.into());
        let expected = BASE
            .multiple(&ED25519_BASEPOINT_POINT, &s)
            .add(self.table.multiple(&self.negated, &k));
        expected.compress().as_bytes() == r && !expected.is_small_order()
    }
}

impl Table {
    /// `scalar`·`point`, always of the same point.
    fn multiple(&self, point: &EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        self.0
            .get_or_init(|| Box::new(EdwardsBasepointTable::create(point)))
            .mul_base(scalar)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Table")
    }
}

/// Keys are equal where their points are.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.octets == other.octets
    }
}

/// `EdDSA` with Ed25519.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ed25519;

/// R and S.
#[derive(Clone, Debug)]
pub struct Ed25519Signature {
    r: [u8; 32],
    s: [u8; 32],
}

impl AlgorithmSignature for Ed25519Signature {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(SIGNATURE_LENGTH);

    fn try_from_slice(octets: &[u8]) -> anyhow::Result<Self> {
        match octets.as_chunks() {
            ([r, s], []) => Ok(Self { r: *r, s: *s }),
            _ => Err(anyhow::Error::msg("an Ed25519 signature has 64 octets")),
        }
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned([self.r, self.s].concat())
    }
}

impl jwt_compact::Algorithm for Ed25519 {
    type SigningKey = Infallible;
    type VerifyingKey = PublicKey;
    type Signature = Ed25519Signature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("EdDSA")
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> Ed25519Signature {
        match *signing_key {}
    }

    fn verify_signature(
        &self,
        signature: &Ed25519Signature,
        key: &PublicKey,
        message: &[u8],
    ) -> bool {
        key.verify(message, &signature.r, signature.s)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::algorithm::verify;

    /// RFC 8032 section 7.1, test 1: key and signature of the empty message.
    const KEY: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
        0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07,
        0x51, 0x1a,
    ];

    fn signed(message: &[u8]) -> Vec<u8> {
        use ed25519_dalek::Signer as _;
        let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        secret.sign(message).to_bytes().to_vec()
    }

    fn key() -> PublicKey {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        public_key(secret.verifying_key().as_bytes()).unwrap()
    }

    #[test]
    fn key_is_32_octets_of_a_point() {
        assert!(public_key(&KEY).is_ok());
        for length in [0, 31, 33, 57, 64] {
            assert_eq!(
                public_key(&vec![1; length]),
                Err(KeyError::OkpLength),
                "{length}"
            );
        }
    }

    #[test]
    fn key_is_canonical_and_of_no_small_order() {
        let identity = [&[1][..], &[0; 31]].concat();
        let order_four = [0; 32];
        let not_canonical = [&[0xee][..], &[0xff; 30], &[0x7f]].concat();
        let no_point = [&[2][..], &[0; 31]].concat();
        for x in [&identity[..], &order_four, &not_canonical, &no_point] {
            assert_eq!(public_key(x), Err(KeyError::OkpPoint), "{x:?}");
        }
    }

    #[test]
    fn signature_with_s_past_the_group_order_is_false() {
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let mut signature = signed(b"message");
        assert!(verify(&Ed25519, &key(), b"message", &signature));
        let mut carry = 0_u16;
        for (octet, order) in signature[32..].iter_mut().zip(ORDER) {
            carry += u16::from(*octet) + u16::from(order);
            *octet = u8::try_from(carry & 0xff).unwrap();
            carry >>= 8;
        }
        assert!(!verify(&Ed25519, &key(), b"message", &signature));
    }
}
