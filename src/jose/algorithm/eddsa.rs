//! `EdDSA` with Ed25519 (RFC 8037 section 3.1, RFC 8032 section 5.1.7).
//!
//! Verification is strict: S below the group order, R canonical and of no small order. So one
//! message and key have no second signature made from the first. What depends only on the key (its
//! canonical encoding, no small order) is checked once, at admission. Ed448 does not exist here.
//!
//! R must be S·B - k·A. With a table of a point's multiples, of 220 kB, a multiple of it is 43 additions
//! and no doubling. The table of a key takes a few verifications to make, and is made for the first
//! signature that the key is tried on, not at admission: most of the 64 keys that a set may have sign
//! nothing. What strangers can cause by naming the others is thereby bounded too: one table for each
//! key. Everything here is public, so that time may depend on it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::{Add, AddAssign, Neg, SubAssign};
use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use jwt_compact::AlgorithmSignature;
use sha2::{Digest, Sha512};

use crate::jose::error::KeyError;

const KEY_LENGTH: usize = 32;
const SIGNATURE_LENGTH: usize = 64;

/// Digits of a scalar in base 64: it is below 2^253.
const DIGITS: usize = 43;

/// The table of B.
static BASE: Table = Table(OnceLock::new());

/// A public key, and once it was used its table.
#[derive(Clone, Debug)]
pub struct PublicKey {
    octets: [u8; KEY_LENGTH],
    /// -A.
    negated: EdwardsPoint,
    table: Table,
}

/// Multiples of a point P, once they were asked for: row i has 64^i·P to 32·64^i·P.
#[derive(Clone)]
struct Table(OnceLock<Vec<[EdwardsPoint; 32]>>);

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
        let mut expected = EdwardsPoint::identity();
        BASE.add_multiple(&mut expected, &ED25519_BASEPOINT_POINT, &s);
        self.table.add_multiple(&mut expected, &self.negated, &k);
        expected.compress().as_bytes() == r && !expected.is_small_order()
    }
}

impl Table {
    /// Adds `scalar`·`point` to `sum`; always of the same point.
    fn add_multiple(&self, sum: &mut EdwardsPoint, point: &EdwardsPoint, scalar: &Scalar) {
        let rows = self.0.get_or_init(|| rows(*point));
        for (row, digit) in rows.iter().zip(digits(scalar)) {
            let place = usize::from(digit.unsigned_abs()).checked_sub(1);
            match place.and_then(|place| row.get(place)) {
                Some(multiple) if digit > 0 => sum.add_assign(multiple),
                Some(multiple) => sum.sub_assign(multiple),
                None => {}
            }
        }
    }
}

fn rows(point: EdwardsPoint) -> Vec<[EdwardsPoint; 32]> {
    let mut unit = point;
    let row = |_| {
        let mut multiple = EdwardsPoint::identity();
        let row = core::array::from_fn(|_| {
            multiple.add_assign(&unit);
            multiple
        });
        unit = multiple.add(&multiple);
        row
    };
    (0..DIGITS).map(row).collect()
}

/// The digits of `scalar` in base 64, from -32 to 31, the least first.
fn digits(scalar: &Scalar) -> impl Iterator<Item = i8> {
    let (threes, end) = scalar.as_bytes().as_chunks::<3>();
    let end = end.first_chunk::<2>().map(|[low, high]| [*low, *high, 0]);
    let sixes = threes.iter().copied().chain(end).flat_map(|[a, b, c]| {
        let bits = u32::from_le_bytes([a, b, c, 0]);
        [bits, bits >> 6, bits >> 12, bits >> 18].map(|bits| bits & 63)
    });
    sixes.scan(0, |carry, six| {
        let digit = i8::try_from(six.saturating_add(*carry)).ok()?;
        *carry = u32::from(digit >= 32);
        Some(if digit >= 32 {
            digit.saturating_sub(64)
        } else {
            digit
        })
    })
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
    fn digits_are_the_scalar_s() {
        let patterns = [0x00, 0x1f, 0x20, 0x55, 0x82, 0xaa, 0xdf, 0xff];
        let patterns = patterns.map(|octet| Scalar::from_bytes_mod_order([octet; 32]));
        let ends = [
            Scalar::ONE,
            -Scalar::ONE,
            Scalar::from(31_u8),
            Scalar::from(32_u8),
        ];
        for scalar in patterns.into_iter().chain(ends) {
            let digits: Vec<i8> = digits(&scalar).collect();
            assert!(digits.iter().all(|digit| (-32..=31).contains(digit)));
            let (digits, past) = digits.split_at(DIGITS);
            assert_eq!(past, [0]);
            let sum = digits.iter().rev().fold(Scalar::ZERO, |sum, digit| {
                let magnitude = Scalar::from(digit.unsigned_abs());
                let digit = if *digit < 0 { -magnitude } else { magnitude };
                sum * Scalar::from(64_u8) + digit
            });
            assert_eq!(sum, scalar);
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
