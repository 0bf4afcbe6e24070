//! Public keys that verify with the arithmetic of the crates `p256`, `p384` and `p521`.

macro_rules! key {
    ($key:ident, $curve:ident) => {
        /// A public key on the curve.
        #[derive(Debug)]
        pub(crate) struct $key(::$curve::ecdsa::VerifyingKey);

        impl $key {
            /// The key with these coordinates. Returns `None` if the point is not on the curve.
            pub(crate) fn new(x: &[u8], y: &[u8]) -> Option<Self> {
                use ::$curve::elliptic_curve::point::AffineCoordinates as _;

                let (x, y) = (x.try_into().ok()?, y.try_into().ok()?);
                let point = ::$curve::AffinePoint::from_coordinates(x, y).into_option()?;
                ::$curve::ecdsa::VerifyingKey::from_affine(point)
                    .ok()
                    .map(Self)
            }

            /// Returns true if both r and s are in [1, n-1].
            pub(crate) fn is_in_range(signature: &[u8]) -> bool {
                Self::signature(signature).is_some()
            }

            /// Returns true if `signature` is a signature of the message with this digest.
            pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
                use ::$curve::ecdsa::signature::hazmat::PrehashVerifier as _;

                Self::signature(signature)
                    .is_some_and(|signature| self.0.verify_prehash(digest, &signature).is_ok())
            }

            #[inline(never)]
            fn signature(octets: &[u8]) -> Option<::$curve::ecdsa::Signature> {
                ::$curve::ecdsa::Signature::from_slice(octets).ok()
            }
        }
    };
}

#[cfg(target_arch = "wasm32")]
key!(P256Key, p256);
#[cfg(target_arch = "wasm32")]
key!(P384Key, p384);
key!(P521Key, p521);
