//! HMAC with SHA-2 (RFC 7518 section 3.2).
//!
//! A tag is compared in constant time, and as a whole: a part of one is none. RFC 7518 section 3.2
//! adds that a key is at least as long as the hash: a short one can be guessed offline from any
//! single token (RFC 8725 section 3.5).

use std::borrow::Cow;
use std::convert::Infallible;
use std::marker::PhantomData;

use hmac::{Hmac, KeyInit, Mac};
use jwt_compact::AlgorithmSignature;
use jwt_compact::alg::SecretBytes;
use sha2::{Sha256, Sha384, Sha512};

use crate::jose::algorithm::{Algorithm, Sha2, verify};
use crate::jose::error::KeyError;

/// Least octets of a secret key: what the shortest hash asks for.
pub const MIN_OCTETS: usize = 32;
const MIN_OCTETS_384: usize = 48;
const MIN_OCTETS_512: usize = 64;

/// A secret. Zeroed when dropped; its `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct SecretKey(SecretBytes<'static>);

impl SecretKey {
    /// Admits `octets`.
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
        Ok(Self(SecretBytes::owned(octets.to_vec())))
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
        &self.0
    }

    /// True where the secret is long enough for `algorithm`.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        Self::needed_octets(algorithm).is_some_and(|needed| self.octets().len() >= needed)
    }

    /// Verifies; false wherever [`Self::fits`] is false.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], tag: &[u8]) -> bool {
        self.fits(algorithm)
            && match algorithm {
                Algorithm::Hs256 => verify(&HmacSha2::<Sha256>::default(), self, message, tag),
                Algorithm::Hs384 => verify(&HmacSha2::<Sha384>::default(), self, message, tag),
                Algorithm::Hs512 => verify(&HmacSha2::<Sha512>::default(), self, message, tag),
                _ => false,
            }
    }
}

/// `HS256`, `HS384`, `HS512`.
#[derive(Clone, Copy, Debug)]
pub struct HmacSha2<D>(PhantomData<D>);

impl<D> Default for HmacSha2<D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// A tag; its length is the hash's, which the comparison checks.
#[derive(Clone, Debug)]
pub struct HmacTag(Vec<u8>);

impl AlgorithmSignature for HmacTag {
    fn try_from_slice(octets: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(octets.to_vec()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

impl<D: Sha2> jwt_compact::Algorithm for HmacSha2<D> {
    type SigningKey = Infallible;
    type VerifyingKey = SecretKey;
    type Signature = HmacTag;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(D::HMAC_NAME)
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> HmacTag {
        match *signing_key {}
    }

    fn verify_signature(&self, tag: &HmacTag, key: &SecretKey, message: &[u8]) -> bool {
        // No key is too long or too short for the construction itself (RFC 2104 section 2).
        Hmac::<D>::new_from_slice(key.octets())
            .is_ok_and(|hmac| hmac.chain_update(message).verify_slice(&tag.0).is_ok())
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
    fn a_part_of_a_tag_is_none() {
        use jwt_compact::Algorithm as _;
        let key = SecretKey::new(&[7; 64]).unwrap();
        let signer = jwt_compact::alg::Hs512Key::new([7; 64]);
        let tag = jwt_compact::alg::Hs512.sign(&signer, b"message");
        let tag = tag.as_bytes();
        assert!(key.verify(Algorithm::Hs512, b"message", &tag));
        for part in [&tag[..0], &tag[..32], &tag[..63], &tag[1..]] {
            assert!(!key.verify(Algorithm::Hs512, b"message", part));
        }
        assert!(!key.verify(Algorithm::Hs512, b"message", &[&tag[..], &[0]].concat()));
    }

    #[test]
    fn secret_is_not_in_debug_output() {
        let key = SecretKey::new(&[0xab; 64]).unwrap();
        assert!(!format!("{key:?}").contains("171"), "{key:?}");
    }
}
