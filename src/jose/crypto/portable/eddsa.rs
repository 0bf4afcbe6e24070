//! Ed25519 verification (RFC 8032 section 5.1.7), with the point arithmetic of `curve25519-dalek`.
//!
//! A signature (R, S) is valid if R = S·B - k·A, where B is the base point, A is the key's point
//! and k is a hash. Each of the two multiplications uses a table of multiples of its point. A table
//! takes 220 kB. With the table, a multiplication costs 43 additions and no doublings.
//!
//! Building the table of a key takes as long as a few verifications. The table is built when the
//! first signature is checked with the key, not at admission, because a key set may have 64 keys,
//! most of which are never used. An attacker whose tokens name unused keys can make Portcullis
//! build at most one table per key.
//!
//! All inputs are public, so the running time may depend on them.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, SubAssign};
use std::sync::OnceLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use sha2::{Digest, Sha512};

/// The number of digits of a scalar in base 64. A scalar is below 2^253.
const DIGITS: usize = 43;

/// The table of the base point B.
static BASE: Table = Table(OnceLock::new());

/// A public key. The key's table is built when a signature is first verified with the key.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    octets: [u8; 32],
    /// The negated point of the key, -A.
    negated: EdwardsPoint,
    table: Table,
}

/// Multiples of a point P, computed when they are first needed. Row i contains the multiples
/// 1·64^i·P to 32·64^i·P.
#[derive(Clone)]
struct Table(OnceLock<Vec<[EdwardsPoint; 32]>>);

impl PublicKey {
    /// Prepares a key. Returns `None` if the octets are not the canonical encoding of a point on
    /// the curve, or if the point has small order.
    pub(crate) fn new(octets: [u8; 32]) -> Option<Self> {
        CompressedEdwardsY(octets)
            .decompress()
            .filter(|point| !point.is_small_order() && point.compress().0 == octets)
            .map(|point| Self {
                octets,
                negated: point.neg(),
                table: Table(OnceLock::new()),
            })
    }

    /// Verifies a signature (RFC 8032 section 5.1.7). R is not decoded. Instead, the expected point
    /// is computed and encoded, so an R that is not encoded canonically does not match.
    pub(crate) fn verify(&self, message: &[u8], r: &[u8; 32], s: [u8; 32]) -> bool {
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
    /// Adds `scalar`·`point` to `sum`. Every call on the same table must pass the same point.
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

/// The base-64 digits of `scalar`, least significant first. Each digit is between -32 and 31.
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn digits_add_up_to_the_scalar() {
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
}
