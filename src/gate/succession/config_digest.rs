//! The digest that identifies a configuration.

use sha2::{Digest as _, Sha256};

const OCTETS: usize = 32;

/// A hash of a configuration's text. Configurations with equal texts count as one configuration, on
/// all workers. Only the hash is kept, because the text may contain secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigDigest(pub(super) [u8; OCTETS]);

impl ConfigDigest {
    /// Hashes the text that a configuration was parsed from.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }
}
