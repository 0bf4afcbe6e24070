//! RSA keys (RFC 7518 sections 3.3 and 3.5).
//!
//! Admission refuses three kinds of modulus. A small modulus can be factored, a huge modulus makes
//! verification slow, and an even modulus is not a product of two large primes.

use super::arithmetic::rsa::PublicKey;
use crate::jose::algorithm::Hash;
use crate::jose::big_endian::{bit_length, without_leading_zeros};
use crate::jose::error::KeyError;

/// The minimum size of a modulus in bits (RFC 7518 section 3.3).
const MIN_MODULUS_BITS: usize = 2048;
/// The maximum size of a modulus in bits. Verification with 8192 bits takes 16 times as long as
/// with 2048 bits.
const MAX_MODULUS_BITS: usize = 8192;
/// The minimum public exponent. With an exponent of 1, every padded hash would be its own
/// signature.
const MIN_EXPONENT: u64 = 3;
/// The maximum public exponent, which most keys use. A larger exponent makes verification slower
/// but not safer.
const MAX_EXPONENT: u64 = 65_537;

/// An RSA public key that has passed the checks of [`admit`](Self::admit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaKey(PublicKey);

impl RsaKey {
    /// Checks a key, given its modulus and exponent as unsigned big-endian integers (RFC 7518
    /// section 6.3.1). RFC 7518 section 2 forbids leading zero octets, but they are allowed here,
    /// because many encoders write the modulus as a signed integer with a zero octet in front. The
    /// zero octet does not change the key.
    ///
    /// # Errors
    /// If the modulus does not have 2048 to 8192 bits, if the exponent is not between 3 and 65537,
    /// or if one of the two numbers is even.
    pub fn admit(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let modulus = without_leading_zeros(modulus);
        let bits = bit_length(modulus);
        if bits < MIN_MODULUS_BITS {
            return Err(KeyError::RsaModulusTooSmall { bits });
        }
        if bits > MAX_MODULUS_BITS {
            return Err(KeyError::RsaModulusTooLarge { bits });
        }
        let exponent = exponent_value(exponent).ok_or(KeyError::RsaExponent)?;
        let key = PublicKey::new(modulus, exponent).ok_or(KeyError::RsaModulusEven)?;
        Ok(Self(key))
    }

    /// The size of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.0.bits()
    }

    /// Returns true if `signature` is an RSASSA-PKCS1-v1_5 signature of `message` with this hash
    /// (RFC 8017 section 8.2.2).
    pub fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_pkcs1(hash, message, signature)
    }

    /// Returns true if `signature` is an RSASSA-PSS signature of `message` with this hash (RFC 8017
    /// section 8.1.2).
    pub fn verify_pss(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_pss(hash, message, signature)
    }
}

fn exponent_value(octets: &[u8]) -> Option<u64> {
    let minimal = without_leading_zeros(octets);
    let mut padded = [0; 8];
    let start = padded.len().checked_sub(minimal.len())?;
    padded.get_mut(start..)?.copy_from_slice(minimal);
    let value = u64::from_be_bytes(padded);
    ((MIN_EXPONENT..=MAX_EXPONENT).contains(&value) && value & 1 == 1).then_some(value)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const F4: [u8; 3] = [1, 0, 1];

    /// An odd number of this many bits. Admission does not factor the modulus, so the number need
    /// not be a product of two primes.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut octets = vec![0xff; bits.div_ceil(8)];
        octets[0] >>= (8 - bits % 8) % 8;
        octets
    }

    #[test]
    fn a_modulus_must_have_2048_to_8192_bits() {
        for bits in [2048, 2049, 3072, 4095, 8192] {
            assert!(RsaKey::admit(&modulus(bits), &F4).is_ok(), "{bits}");
        }
        for bits in [8, 1024, 2047] {
            let refused = RsaKey::admit(&modulus(bits), &F4).unwrap_err();
            assert_eq!(refused, KeyError::RsaModulusTooSmall { bits });
        }
        assert_eq!(
            RsaKey::admit(&[], &F4),
            Err(KeyError::RsaModulusTooSmall { bits: 0 })
        );
        let zeros_first = [vec![0; 256], modulus(1024)].concat();
        assert_eq!(
            RsaKey::admit(&zeros_first, &F4),
            Err(KeyError::RsaModulusTooSmall { bits: 1024 })
        );
        for bits in [8193, 16384] {
            let refused = RsaKey::admit(&modulus(bits), &F4).unwrap_err();
            assert_eq!(refused, KeyError::RsaModulusTooLarge { bits });
        }
    }

    #[test]
    fn leading_zero_octets_are_allowed() {
        let signed = [vec![0], modulus(2048)].concat();
        assert_eq!(
            RsaKey::admit(&signed, &[0, 1, 0, 1]),
            RsaKey::admit(&modulus(2048), &F4)
        );
    }

    #[test]
    fn an_even_modulus_is_refused() {
        let mut even = modulus(2048);
        *even.last_mut().unwrap() &= 0xfe;
        assert_eq!(RsaKey::admit(&even, &F4), Err(KeyError::RsaModulusEven));
    }

    #[test]
    fn an_exponent_must_be_odd_and_within_limits() {
        for exponent in [&[3][..], &[17], &F4] {
            assert!(
                RsaKey::admit(&modulus(2048), exponent).is_ok(),
                "{exponent:?}"
            );
        }
        let too_large = [1, 0, 3];
        for exponent in [
            &[][..],
            &[0],
            &[1],
            &[2],
            &[1, 0, 0],
            &too_large,
            &[0xff; 9],
        ] {
            let refused = RsaKey::admit(&modulus(2048), exponent).unwrap_err();
            assert_eq!(refused, KeyError::RsaExponent, "{exponent:?}");
        }
    }
}
