//! ECDSA verification on P-256 and P-384, with a table of multiples for each key.
//!
//! A verification computes u1·G + u2·Q, where G is the base point of the curve and Q is the public
//! key. On P-256, the sum takes 256 doublings and about 256 additions without tables. With a table
//! of multiples of G and a table of multiples of Q, it takes 7 doublings and 64 additions.
//!
//! A table takes 33 to 86 kB of memory. Building it takes as long as about 18 verifications. A
//! key's table is built by the first verification whose signature is in range. **Never build tables
//! for keys that a client chooses**: verify with `verify_without_table` instead.
//!
//! Every input is public: a published key, a message and a signature. So the running time may
//! depend on the input. **Never use this package with a private key.**
//!
//! # Why the results are right
//!
//! - The formally verified code of `fiat-crypto` computes with scalars, checks keys and, in native
//!   builds, computes with coordinates.
//! - `fiat-crypto` multiplies 64-bit words into 128-bit products, which WebAssembly has no
//!   instruction for. So in WebAssembly, tables are built and added with this package's own field
//!   arithmetic (`limbs`). One test runs the formulas on intervals and proves that nothing
//!   overflows. Another test compares the results with those of `fiat-crypto`.
//! - The addition formula is wrong if the two points are equal or opposite. Only the owner of a key
//!   can make a signature that leads to such an addition. The addition sets a coordinate to 0, and
//!   later steps keep it 0, so one check at the end detects this case. The sum is then computed
//!   again, without tables, by code that handles all cases.
//! - `crypto-bigint` computes the inverse of s, and a multiplication checks the result.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these lints; non-test builds are checked"
    )
)]

mod curve;
mod fiat;
mod field;
mod limbs;
mod number;
mod point;
mod signature;
mod table;
#[cfg(test)]
mod tests;
mod unhurried;

#[cfg(target_arch = "wasm32")]
pub use self::lazy::{P256Key, P384Key};
#[cfg(not(target_arch = "wasm32"))]
pub use self::verified::{P256Key, P384Key};

/// Defines a key type. Its functions are not generic: generic functions would be compiled in the
/// calling package, with that package's optimisation level.
macro_rules! key {
    ($(#[$doc:meta])* $key:ident, $curve:ty, $field:ty, $words:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $key(Key<$field, $words>);

        impl $key {
            /// Prepares the key whose point has these big-endian coordinates. Returns `None` if a
            /// coordinate is not exactly as long as the field's prime, or if the point is not on
            /// the curve.
            pub fn new(x: &[u8], y: &[u8]) -> Option<Self> {
                Key::read::<$curve>(x, y).map(Self)
            }

            /// Returns true if `signature` has the right length and both r and s are in [1, n-1],
            /// where n is the order of the curve.
            pub fn is_in_range(signature: &[u8]) -> bool {
                Signature::read::<$curve>(signature).is_some()
            }

            /// Returns true if `signature` (r followed by s) is a valid signature of the message
            /// with this digest. The digest must be as long as the order of the curve. The first
            /// call with a signature in range builds the key's table.
            pub fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
                let signature = Signature::read::<$curve>(signature);
                let both = read(digest).zip(signature);
                both.is_some_and(|(digest, signature)| {
                    self.0.verify::<$curve>(&digest, &signature)
                })
            }

            /// Verifies like [`Self::verify`], but without a table. This takes 7 to 100 times as
            /// long.
            pub fn verify_without_table(&self, digest: &[u8], signature: &[u8]) -> bool {
                let signature = Signature::read::<$curve>(signature);
                let both = read(digest).zip(signature);
                both.is_some_and(|(digest, signature)| {
                    self.0.verify_without_table::<$curve>(&digest, &signature)
                })
            }
        }
    };
}

/// Keys that compute only with `fiat-crypto`'s formally verified fields.
pub mod verified {
    use crate::number::read;
    use crate::signature::{Key, Signature};
    use crate::{curve, fiat};

    key! {
        /// A public key on P-256.
        P256Key, curve::P256, fiat::P256, 4
    }
    key! {
        /// A public key on P-384.
        P384Key, curve::P384, fiat::P384, 6
    }
}

/// Keys whose tables use the field arithmetic for WebAssembly.
pub mod lazy {
    use crate::number::read;
    use crate::signature::{Key, Signature};
    use crate::{curve, limbs};

    key! {
        /// A public key on P-256.
        P256Key, curve::P256, limbs::P256, 4
    }
    key! {
        /// A public key on P-384.
        P384Key, curve::P384, limbs::P384, 6
    }
}
