//! RSA verification: raises the signature to the power of the public exponent
//! ([`modexp`](super::modexp)) and compares the result with the encoding of the message
//! (`padding`).

use super::modexp::Modulus;
use super::padding;
use crate::jose::algorithm::Hash;

/// A public key, prepared for the arithmetic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    modulus: Modulus,
    exponent: u64,
}

impl PublicKey {
    /// Prepares a key of at most 8192 bits. Returns `None` if the modulus is even.
    pub(crate) fn new(modulus: &[u8], exponent: u64) -> Option<Self> {
        let modulus = Modulus::new(modulus)?;
        Some(Self { modulus, exponent })
    }

    pub(crate) fn bits(&self) -> usize {
        self.modulus.bits()
    }

    pub(crate) fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.encoded_message(signature)
            .is_some_and(|encoded| padding::is_pkcs1(&encoded, hash, message))
    }

    pub(crate) fn verify_pss(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.encoded_message(signature)
            .is_some_and(|encoded| padding::is_pss(&encoded, self.bits(), hash, message))
    }

    /// Recovers the encoded message from `signature`. The encoded message is as long as the
    /// modulus. Returns `None` if the signature is not as long as the modulus (RFC 8017 section
    /// 8.2.2, step 1), or if its value is not below the modulus (section 5.2.2).
    fn encoded_message(&self, signature: &[u8]) -> Option<Vec<u8>> {
        if signature.len() != self.bits().div_ceil(8) {
            return None;
        }
        self.modulus.power(signature, self.exponent)
    }
}
