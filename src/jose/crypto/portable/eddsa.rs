//! Ed25519 verification (RFC 8032 section 5.1.7). The package `portcullis-curves` does the
//! arithmetic, with a table for each key.

use std::sync::Arc;

use portcullis_curves::ed25519::Key;
use sha2::{Digest, Sha512};

/// A public key, prepared for the arithmetic of its curve. Clones share the prepared key, so each
/// key has only one table.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    octets: [u8; 32],
    key: Arc<Key>,
}

impl PublicKey {
    /// Prepares a key. Returns `None` if the octets are not the canonical encoding of a point on
    /// the curve, or if the point has small order.
    pub(crate) fn new(octets: [u8; 32]) -> Option<Self> {
        let key = Arc::new(Key::new(&octets)?);
        Some(Self { octets, key })
    }

    /// Returns true if (`r`, `s`) is a valid signature of `message`. Verification is strict.
    pub(crate) fn verify(&self, message: &[u8], r: &[u8; 32], s: &[u8; 32]) -> bool {
        let hash = Sha512::new()
            .chain_update(r)
            .chain_update(self.octets)
            .chain_update(message)
            .finalize();
        self.key.verify(&hash.into(), r, s)
    }
}
