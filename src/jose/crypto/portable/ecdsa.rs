//! ECDSA on the NIST curves. The package `portcullis-curves` does the arithmetic, with a table for
//! each key.

use std::sync::Arc;

use portcullis_curves::{P256Key, P384Key, P521Key};

use super::hash::digest;
use crate::jose::algorithm::Hash;
use crate::jose::numbers::Curve;

/// A public key, prepared for the arithmetic of its curve. Clones share the prepared key, so each
/// key has only one table.
#[derive(Clone, Debug)]
pub(crate) enum PublicKey {
    P256(Arc<P256Key>),
    P384(Arc<P384Key>),
    P521(Arc<P521Key>),
}

impl PublicKey {
    /// Prepares a key, given its coordinates. They must have the curve's full length. Returns
    /// `None` if the point is not on the curve.
    pub(crate) fn new(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        match curve {
            Curve::P256 => Some(Self::P256(Arc::new(P256Key::new(x, y)?))),
            Curve::P384 => Some(Self::P384(Arc::new(P384Key::new(x, y)?))),
            Curve::P521 => Some(Self::P521(Arc::new(P521Key::new(x, y)?))),
        }
    }

    /// Returns true if both r and s are in [1, n-1], where n is the curve's order.
    pub(crate) fn is_in_range(&self, signature: &[u8]) -> bool {
        match self {
            Self::P256(_) => P256Key::is_in_range(signature),
            Self::P384(_) => P384Key::is_in_range(signature),
            Self::P521(_) => P521Key::is_in_range(signature),
        }
    }

    /// Returns true if `signature` (r followed by s) is a valid signature of `message` with the
    /// curve's hash.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => key.verify(&digest(Hash::Sha256, &[message]), signature),
            Self::P384(key) => key.verify(&digest(Hash::Sha384, &[message]), signature),
            Self::P521(key) => key.verify(&digest(Hash::Sha512, &[message]), signature),
        }
    }
}
