//! ECDSA verification on P-256 and P-384, with a table of multiples for each key.
//!
//! A verification computes u1·G + u2·Q, where G is the base point of the curve and Q the key. With
//! a table for each of both points, the sum takes 7 doublings and 64 additions on P-256, instead of
//! 256 doublings and as many additions. A table takes 33 to 86 kB and is made when the first
//! signature in range is verified with the key, which takes as long as about 18 verifications.
//! **Never use tables for keys that a client chooses**: `verify_without_table` is for those.
//!
//! Every input is public: a published key, a message, a signature. So the time may depend on it.
//! **Never use this package with a private key.**
//!
//! # Why the results are right
//!
//! - The arithmetic of scalars, the checks of keys and, natively, the arithmetic of coordinates is
//!   the formally verified code of `fiat-crypto`.
//! - WebAssembly has no product of 128 bits, on which that code relies. There, tables and their sums
//!   use a field of our own (`limbs`). A test runs the formulas on intervals and proves that nothing
//!   overflows, and the result is compared with that of `fiat-crypto`.
//! - The formula for additions does not apply to equal or opposite points. Only the owner of a key
//!   can cause such an addition. It makes a coordinate 0 that stays 0, so one check at the end finds
//!   it. Then the sum is computed again, without tables, by code that handles all cases.
//! - The inverse of s is computed by `crypto-bigint` and checked by a multiplication.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these; builds without tests are checked"
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

/// Defines the type of a key. Its functions are not generic, so that they are compiled with the
/// optimisation of this package.
macro_rules! key {
    ($(#[$doc:meta])* $key:ident, $curve:ty, $field:ty, $words:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $key(Key<$field, $words>);

        impl $key {
            /// Prepares the point with these big-endian coordinates. `None` if a coordinate does
            /// not have the length of the field, or if the point is not on the curve.
            pub fn new(x: &[u8], y: &[u8]) -> Option<Self> {
                Key::read::<$curve>(x, y).map(Self)
            }

            /// Whether a signature has the right length, and r and s are in [1, n-1].
            pub fn is_in_range(signature: &[u8]) -> bool {
                Signature::read::<$curve>(signature).is_some()
            }

            /// Whether `signature`, r and s side by side, is a signature of the message with this
            /// digest, which must be as long as the order of the curve. The first signature in
            /// range makes the key's table.
            pub fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
                let signature = Signature::read::<$curve>(signature);
                let both = read(digest).zip(signature);
                both.is_some_and(|(digest, signature)| {
                    self.0.verify::<$curve>(&digest, &signature)
                })
            }

            /// Like [`Self::verify`], but never makes or uses a table. It takes 7 to 100 times as
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

/// Keys that use the verified field of `fiat-crypto` only.
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

/// Keys whose tables use the field for WebAssembly.
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
