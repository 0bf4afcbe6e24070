//! Shared secrets: HMAC with SHA-2 (RFC 7518 section 3.2).
//!
//! Tags are compared in constant time, and only as a whole: a truncated tag is invalid. RFC 7518
//! section 3.2 requires a secret at least as long as the digest, because an attacker who has one
//! token could guess a short secret offline (RFC 8725 section 3.5).

use jwt_compact::alg::SecretBytes;

use super::arithmetic::hmac;
use crate::jose::algorithm::Hash;
use crate::jose::error::KeyError;

/// The minimum length of a secret in octets: the length of the shortest digest.
const MIN_OCTETS: usize = Hash::Sha256.octets();

/// A secret. It is zeroed when dropped, and `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct SecretKey(SecretBytes<'static>);

impl SecretKey {
    /// Admits a secret.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] if the secret has fewer than 32 octets.
    pub fn new(octets: &[u8]) -> Result<Self, KeyError> {
        if octets.len() < MIN_OCTETS {
            return Err(KeyError::SecretTooShort {
                octets: octets.len(),
                needed: MIN_OCTETS,
            });
        }
        Ok(Self(SecretBytes::owned(octets.to_vec())))
    }

    /// The secret.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// Returns true if the secret is long enough for HMAC with `hash`.
    pub fn fits(&self, hash: Hash) -> bool {
        self.octets().len() >= hash.octets()
    }

    /// Returns true if `tag` is the HMAC of `message`. Always returns false if the secret is too
    /// short for `hash`.
    pub fn verify(&self, hash: Hash, message: &[u8], tag: &[u8]) -> bool {
        self.fits(hash) && hmac::verify(hash, self.octets(), message, tag)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_secret_is_not_used_with_a_hash_longer_than_itself() {
        use Hash::{Sha256, Sha384, Sha512};
        for (octets, fitting) in [
            (32, &[Sha256][..]),
            (47, &[Sha256]),
            (48, &[Sha256, Sha384]),
            (63, &[Sha256, Sha384]),
            (64, &[Sha256, Sha384, Sha512]),
            (200, &[Sha256, Sha384, Sha512]),
        ] {
            let key = SecretKey::new(&vec![1; octets]).unwrap();
            for hash in [Sha256, Sha384, Sha512] {
                assert_eq!(key.fits(hash), fitting.contains(&hash), "{octets}");
            }
        }
    }

    #[test]
    fn a_secret_below_256_bits_is_refused() {
        for octets in [0, 1, 31] {
            let refused = SecretKey::new(&vec![1; octets]).unwrap_err();
            assert_eq!(refused, KeyError::SecretTooShort { octets, needed: 32 });
        }
    }

    #[test]
    fn part_of_a_tag_is_not_a_tag() {
        use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
        let key = SecretKey::new(&[7; 64]).unwrap();
        let signer = jwt_compact::alg::Hs512Key::new([7; 64]);
        let tag = jwt_compact::alg::Hs512.sign(&signer, b"message");
        let tag = tag.as_bytes();
        assert!(key.verify(Hash::Sha512, b"message", &tag));
        for part in [&tag[..0], &tag[..32], &tag[..63], &tag[1..]] {
            assert!(!key.verify(Hash::Sha512, b"message", part));
        }
        assert!(!key.verify(Hash::Sha512, b"message", &[&tag[..], &[0]].concat()));
    }

    #[test]
    fn a_secret_is_not_in_debug_output() {
        let key = SecretKey::new(&[0xab; 64]).unwrap();
        assert!(!format!("{key:?}").contains("171"), "{key:?}");
    }
}
