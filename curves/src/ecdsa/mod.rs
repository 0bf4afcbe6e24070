//! Keys for ECDSA (FIPS 186-5 section 6.4.2) on P-256, P-384 and P-521. Several key types exist for
//! P-256 and P-384, which differ in their arithmetic.

#[cfg(test)]
mod bounds;
mod curve;
mod point;
mod signature;
mod table;
#[cfg(test)]
mod tests;
mod unhurried;

/// Defines a key type. Its functions are not generic, because generic functions would be compiled
/// in the calling package, with that package's optimisation level.
macro_rules! key {
    ($(#[$doc:meta])* $key:ident, $curve:ty, $field:ty, $words:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $key(Key<$field, $words>);

        impl $key {
            /// Prepares the key whose point has these big-endian coordinates. Returns `None` if a
            /// coordinate is not exactly as long as the field's prime, if a coordinate is not below
            /// the prime, or if the point is not on the curve.
            pub fn new(x: &[u8], y: &[u8]) -> Option<Self> {
                Key::read::<$curve>(x, y).map(Self)
            }

            /// Returns true if `signature` has the right length and both r and s are in [1, n-1],
            /// where n is the order of the curve.
            pub fn is_in_range(signature: &[u8]) -> bool {
                Signature::read::<$curve>(signature).is_some()
            }

            /// Returns true if `signature` (r followed by s) is a valid signature of the message
            /// with this digest. The digest must be as long as the output of the curve's hash
            /// function, or as long as the order of the curve. The first call with r and s in range
            /// builds the key's table.
            pub fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
                let signature = Signature::read::<$curve>(signature);
                let both = digest_of::<$curve, $words>(digest).zip(signature);
                both.is_some_and(|(digest, signature)| {
                    self.0.verify::<$curve>(&digest, &signature)
                })
            }

            /// Verifies like [`Self::verify`], but without a table. This takes 7 to 35 times as
            /// long.
            pub fn verify_without_table(&self, digest: &[u8], signature: &[u8]) -> bool {
                let signature = Signature::read::<$curve>(signature);
                let both = digest_of::<$curve, $words>(digest).zip(signature);
                both.is_some_and(|(digest, signature)| {
                    self.0.verify_without_table::<$curve>(&digest, &signature)
                })
            }
        }
    };
}

/// Keys whose arithmetic uses only the formally verified fields of `fiat-crypto`.
pub mod verified {
    use crate::arithmetic::fiat;
    use crate::ecdsa::curve::verified as curve;
    use crate::ecdsa::signature::{Key, Signature, digest as digest_of};

    key! {
        /// A public key on P-256.
        P256Key, curve::P256, fiat::P256, 4
    }
    key! {
        /// A public key on P-384.
        P384Key, curve::P384, fiat::P384, 6
    }
}

/// Keys whose tables use arithmetic in full 64-bit words, which is fast in native builds. The other
/// arithmetic is that of [`verified`].
pub mod saturated {
    use crate::arithmetic::words;
    use crate::ecdsa::curve::verified as curve;
    use crate::ecdsa::signature::{Key, Signature, digest as digest_of};

    key! {
        /// A public key on P-256.
        P256Key, curve::P256, words::P256, 4
    }
}

/// Keys whose arithmetic has little code and is fast in WebAssembly.
pub mod lazy {
    use crate::arithmetic::limbs;
    use crate::ecdsa::curve::compact as curve;
    use crate::ecdsa::signature::{Key, Signature, digest as digest_of};

    key! {
        /// A public key on P-256.
        P256Key, curve::P256, limbs::P256, 4
    }
    key! {
        /// A public key on P-384.
        P384Key, curve::P384, limbs::P384, 6
    }
    key! {
        /// A public key on P-521.
        P521Key, curve::P521, limbs::P521, 9
    }
}
