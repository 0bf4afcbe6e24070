//! HMAC with SHA-2 (RFC 7518 section 3.2).
//!
//! The arithmetic is jwt-compact's, with its constant-time comparison. Here is only the rule that
//! RFC 7518 section 3.2 adds and jwt-compact leaves to its caller: a key is at least as long as the
//! hash. A short one can be guessed offline from any single token (RFC 8725 section 3.5).

use jwt_compact::alg::{Hs256, Hs256Key, Hs384, Hs384Key, Hs512, Hs512Key};

use crate::jose::algorithm::{Algorithm, verify};
use crate::jose::jwk::KeyError;

/// Least octets of a secret key: what the shortest hash asks for.
pub const MIN_OCTETS: usize = 32;
const MIN_OCTETS_384: usize = 48;
const MIN_OCTETS_512: usize = 64;

/// A secret, prepared for every hash that it is long enough for. Zeroed when dropped; its `Debug`
/// does not show it.
#[derive(Clone, Debug)]
pub struct SecretKey {
    hs256: Hs256Key,
    hs384: Option<Hs384Key>,
    hs512: Option<Hs512Key>,
}

impl SecretKey {
    /// Prepares `octets`.
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] below [`MIN_OCTETS`].
    pub fn new(octets: &[u8]) -> Result<Self, KeyError> {
        if octets.len() < MIN_OCTETS {
            return Err(KeyError::SecretTooShort {
                octets: octets.len(),
                needed: MIN_OCTETS,
            });
        }
        Ok(Self {
            hs256: Hs256Key::new(octets),
            hs384: (octets.len() >= MIN_OCTETS_384).then(|| Hs384Key::new(octets)),
            hs512: (octets.len() >= MIN_OCTETS_512).then(|| Hs512Key::new(octets)),
        })
    }

    /// Octets that a secret needs to serve `algorithm`; None where that is no HMAC.
    pub const fn needed_octets(algorithm: Algorithm) -> Option<usize> {
        match algorithm {
            Algorithm::Hs256 => Some(MIN_OCTETS),
            Algorithm::Hs384 => Some(MIN_OCTETS_384),
            Algorithm::Hs512 => Some(MIN_OCTETS_512),
            _ => None,
        }
    }

    /// The secret.
    pub fn octets(&self) -> &[u8] {
        self.hs256.as_ref()
    }

    /// True where the secret is long enough for `algorithm`.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        Self::needed_octets(algorithm).is_some_and(|needed| self.octets().len() >= needed)
    }

    /// Verifies; false wherever [`Self::fits`] is false.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], tag: &[u8]) -> bool {
        match (algorithm, &self.hs384, &self.hs512) {
            (Algorithm::Hs256, _, _) => verify(&Hs256, &self.hs256, message, tag),
            (Algorithm::Hs384, Some(key), _) => verify(&Hs384, key, message, tag),
            (Algorithm::Hs512, _, Some(key)) => verify(&Hs512, key, message, tag),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn secret_serves_no_hash_longer_than_itself() {
        use Algorithm::{Es256, Hs256, Hs384, Hs512, Rs256};
        for (octets, fitting) in [
            (32, &[Hs256][..]),
            (47, &[Hs256]),
            (48, &[Hs256, Hs384]),
            (63, &[Hs256, Hs384]),
            (64, &[Hs256, Hs384, Hs512]),
            (200, &[Hs256, Hs384, Hs512]),
        ] {
            let key = SecretKey::new(&vec![1; octets]).unwrap();
            for algorithm in [Hs256, Hs384, Hs512, Rs256, Es256] {
                assert_eq!(
                    key.fits(algorithm),
                    fitting.contains(&algorithm),
                    "{octets}"
                );
            }
        }
    }

    #[test]
    fn secret_below_256_bits_is_refused() {
        for octets in [0, 1, 31] {
            let refused = SecretKey::new(&vec![1; octets]).unwrap_err();
            assert_eq!(refused, KeyError::SecretTooShort { octets, needed: 32 });
        }
    }

    #[test]
    fn secret_is_not_in_debug_output() {
        let key = SecretKey::new(&[0xab; 64]).unwrap();
        assert!(!format!("{key:?}").contains("171"), "{key:?}");
    }
}
