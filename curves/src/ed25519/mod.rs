//! Ed25519 verification (RFC 8032 section 5.1.7), with a table of multiples for each key.
//!
//! A signature (R, S) is valid if R = S·B - k·A, where B is the base point, A is the key's point,
//! and k is a hash. With a table of multiples of B and a table of multiples of -A, computing this
//! sum takes 64 additions and 7 doublings.
//!
//! Every input is public, so the running time may depend on the input. **Never use this module with
//! a private key.**

mod field;
mod point;
mod table;

use std::sync::OnceLock;

use self::point::Point;
use self::table::{Table, sum};
#[cfg(target_arch = "wasm32")]
use crate::arithmetic::compact::Ed25519Scalar as Scalar;
#[cfg(not(target_arch = "wasm32"))]
use crate::arithmetic::fiat::Ed25519Scalar as Scalar;
use crate::arithmetic::field::{Canonical, Field};
use crate::arithmetic::number;

/// The encoding of the base point B.
const BASE: [u8; 32] = {
    let mut octets = [0x66; 32];
    octets[0] = 0x58;
    octets
};

/// A public key. The table of multiples is built when a signature with S in range is first verified
/// with the key. It takes 61 kB.
#[derive(Debug)]
pub struct Key {
    /// -A
    negated: Point,
    table: OnceLock<Option<Table>>,
}

impl Key {
    /// Prepares the key with this encoding. Returns `None` if `octets` are not the canonical
    /// encoding of a point on the curve, or if the point has small order.
    pub fn new(octets: &[u8; 32]) -> Option<Self> {
        let mut point = Point::decode(octets)?;
        if point.has_small_order() {
            return None;
        }
        point.negate();
        Some(Self {
            negated: point,
            table: OnceLock::new(),
        })
    }

    /// Returns true if (`r`, `s`) is a valid signature, where `hash` is the SHA-512 digest of `r`,
    /// the key's encoding and the message.
    ///
    /// Verification is strict: S must be below the order of B, R must be encoded canonically, and R
    /// must not have small order. R is not decoded. Instead, the expected point is encoded, so an R
    /// that is not encoded canonically does not match.
    pub fn verify(&self, hash: &[u8; 64], r: &[u8; 32], s: &[u8; 32]) -> bool {
        self.expected(hash, s)
            .is_some_and(|point| point.encode() == *r && !point.has_small_order())
    }

    /// Computes S·B - k·A. Returns `None` if S is not below the order of B.
    fn expected(&self, hash: &[u8; 64], s: &[u8; 32]) -> Option<Point> {
        let mut s = *s;
        s.reverse();
        let s = number::read(&s).filter(|s| number::is_below(s, &Scalar::MODULUS))?;
        let table = self.table.get_or_init(|| Table::new(&self.negated));
        sum(
            [table_of_base_point()?, table.as_ref()?],
            [&s, &reduced::<Scalar>(hash)],
        )
    }
}

/// The table of B. The first call builds it.
fn table_of_base_point() -> Option<&'static Table> {
    static TABLE: OnceLock<Option<Table>> = OnceLock::new();
    let build = || Table::new(&Point::decode(&BASE)?);
    TABLE.get_or_init(build).as_ref()
}

/// Reduces a little-endian number modulo the order of B.
///
/// The number k·A depends on k itself, not only on k modulo the order of B, because A may have a
/// component of small order. All implementations use the k that is below the order of B.
fn reduced<S: Canonical<4>>(octets: &[u8; 64]) -> [u64; 4] {
    let mut octets = *octets;
    octets.reverse();
    // Numbers of 31 octets are below the order.
    let power = S::new(&[0, 0, 0, 1 << 56]);
    octets
        .rchunks(31)
        .rev()
        .fold(S::plain(&[0; 4]), |sum, octets| {
            let number = number::read(octets).unwrap_or_default();
            sum.times(&power).plus(&S::plain(&number))
        })
        .words()
}

#[cfg(test)]
mod tests;
