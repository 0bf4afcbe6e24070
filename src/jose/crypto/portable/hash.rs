//! Computes digests with a JOSE hash function that is selected at run time.

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::jose::algorithm::Hash;

/// The digest of the concatenation of `parts`.
pub(super) fn digest(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => digest_with::<Sha256>(parts),
        Hash::Sha384 => digest_with::<Sha384>(parts),
        Hash::Sha512 => digest_with::<Sha512>(parts),
    }
}

fn digest_with<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// The DER octets that precede a digest in PKCS#1 v1.5 (RFC 8017 section 9.2, note 1). These octets
/// contain the hash's object identifier, 2.16.840.1.101.3.4.2.`algorithm` (appendix B.1), and the
/// length of the digest.
pub(super) const fn digest_info(hash: Hash) -> [u8; 19] {
    let (algorithm, octets): (u8, u8) = match hash {
        Hash::Sha256 => (1, 32),
        Hash::Sha384 => (2, 48),
        Hash::Sha512 => (3, 64),
    };
    let inner = octets.saturating_add(17);
    [
        0x30, inner, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, algorithm, 5, 0, 4, octets,
    ]
}
