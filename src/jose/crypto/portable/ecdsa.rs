//! ECDSA on the NIST curves, computed by the crates `p256`, `p384` and `p521`.

use crate::jose::numbers::Curve;

/// A point of a curve, prepared for the curve's arithmetic.
#[derive(Clone, Debug)]
pub(crate) enum PublicKey {
    P256(Box<::p256::ecdsa::VerifyingKey>),
    P384(Box<::p384::ecdsa::VerifyingKey>),
    P521(Box<::p521::ecdsa::VerifyingKey>),
}

impl PublicKey {
    /// Prepares the point with these coordinates, which must have the curve's full length; `None`
    /// if the point is not on the curve.
    pub(crate) fn new(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        match curve {
            Curve::P256 => Some(Self::P256(Box::new(p256::point(x, y)?))),
            Curve::P384 => Some(Self::P384(Box::new(p384::point(x, y)?))),
            Curve::P521 => Some(Self::P521(Box::new(p521::point(x, y)?))),
        }
    }

    /// Whether both r and s are in [1, n-1].
    pub(crate) fn is_in_range(&self, signature: &[u8]) -> bool {
        match self {
            Self::P256(_) => p256::signature(signature).is_some(),
            Self::P384(_) => p384::signature(signature).is_some(),
            Self::P521(_) => p521::signature(signature).is_some(),
        }
    }

    /// Whether `signature`, r and s side by side, is a signature of `message` with the curve's
    /// hash.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => p256::verify(key, message, signature),
            Self::P384(key) => p384::verify(key, message, signature),
            Self::P521(key) => p521::verify(key, message, signature),
        }
    }
}

macro_rules! curve {
    ($name:ident) => {
        mod $name {
            use ::$name::AffinePoint;
            use ::$name::ecdsa::{Signature, VerifyingKey, signature::Verifier};
            use ::$name::elliptic_curve::point::AffineCoordinates;

            pub(super) fn point(x: &[u8], y: &[u8]) -> Option<VerifyingKey> {
                let (x, y) = (x.try_into().ok()?, y.try_into().ok()?);
                let point = AffinePoint::from_coordinates(x, y).into_option()?;
                VerifyingKey::from_affine(point).ok()
            }

            #[inline(never)]
            pub(super) fn signature(octets: &[u8]) -> Option<Signature> {
                Signature::from_slice(octets).ok()
            }

            pub(super) fn verify(key: &VerifyingKey, message: &[u8], octets: &[u8]) -> bool {
                signature(octets).is_some_and(|signature| key.verify(message, &signature).is_ok())
            }
        }
    };
}

curve!(p256);
curve!(p384);
curve!(p521);
