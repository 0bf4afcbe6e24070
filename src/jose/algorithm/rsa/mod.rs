//! RSASSA-PKCS1-v1_5 and RSASSA-PSS with SHA-2 (RFC 7518 sections 3.3 and 3.5).
//!
//! A signature is a number below the modulus; its power by the public exponent ([`modexp`]) is
//! compared with the encoded hash (`padding`).
//!
//! Key admission is here too, since it guards this arithmetic: a small modulus can be factored, a
//! huge one costs the worker its time, an even one has no Montgomery form.

pub mod modexp;
mod padding;

use std::borrow::Cow;
use std::convert::Infallible;
use std::marker::PhantomData;

use jwt_compact::AlgorithmSignature;

use self::modexp::Modulus;
use crate::jose::algorithm::Sha2;
use crate::jose::big_endian::{bit_length, without_leading_zeros};
use crate::jose::error::KeyError;

/// Least size of a modulus (RFC 7518 section 3.3).
pub const MIN_MODULUS_BITS: usize = 2048;
/// Largest size of a modulus; verifying with one of 8192 bits takes 16 times as long as with 2048.
pub const MAX_MODULUS_BITS: usize = 8192;
/// Least public exponent; 1 would make every padded hash its own signature.
pub const MIN_EXPONENT: u64 = 3;
/// Largest public exponent, and the one that every issuer uses. Each further bit makes verification
/// slower and no safer.
pub const MAX_EXPONENT: u64 = 65_537;

/// A public key, prepared for its arithmetic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    modulus: Modulus,
    exponent: u64,
}

impl PublicKey {
    /// Size of the modulus.
    pub(crate) fn bits(&self) -> usize {
        self.modulus.bits()
    }

    /// The encoded message that `signature` was made of, as long as the modulus; None where the
    /// signature is longer or shorter (RFC 8017 section 8.2.2, step 1), or no number below the
    /// modulus (section 5.2.2).
    fn encoded_message(&self, signature: &[u8]) -> Option<Vec<u8>> {
        if signature.len() != self.modulus.bits().div_ceil(8) {
            return None;
        }
        self.modulus.power(signature, self.exponent)
    }
}

/// Prepares the public key of that modulus and exponent (RFC 7518 section 6.3.1), unsigned and
/// big-endian. Leading zero octets are let pass: RFC 7518 section 2 forbids them, but encoders that
/// write signed integers put one before most moduli, and it changes nothing about the key.
///
/// # Errors
/// Sizes outside the limits above, and even numbers.
pub fn public_key(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, KeyError> {
    let modulus = without_leading_zeros(modulus);
    let bits = bit_length(modulus);
    if bits < MIN_MODULUS_BITS {
        return Err(KeyError::RsaModulusTooSmall { bits });
    }
    if bits > MAX_MODULUS_BITS {
        return Err(KeyError::RsaModulusTooLarge { bits });
    }
    let exponent = exponent_value(exponent).ok_or(KeyError::RsaExponent)?;
    let modulus = Modulus::new(modulus).ok_or(KeyError::RsaModulusEven)?;
    Ok(PublicKey { modulus, exponent })
}

fn exponent_value(octets: &[u8]) -> Option<u64> {
    let minimal = without_leading_zeros(octets);
    let mut padded = [0; 8];
    let start = padded.len().checked_sub(minimal.len())?;
    padded.get_mut(start..)?.copy_from_slice(minimal);
    let value = u64::from_be_bytes(padded);
    ((MIN_EXPONENT..=MAX_EXPONENT).contains(&value) && value & 1 == 1).then_some(value)
}

/// `RS256`, `RS384`, `RS512` (RFC 7518 section 3.3).
#[derive(Clone, Copy, Debug)]
pub struct RsaPkcs1<D>(PhantomData<D>);

/// `PS256`, `PS384`, `PS512` (RFC 7518 section 3.5).
#[derive(Clone, Copy, Debug)]
pub struct RsaPss<D>(PhantomData<D>);

impl<D> Default for RsaPkcs1<D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<D> Default for RsaPss<D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// An RSA signature; its length is checked with the key (RFC 8017 section 8.1.2, step 1).
#[derive(Clone, Debug)]
pub struct RsaSignature(Vec<u8>);

impl AlgorithmSignature for RsaSignature {
    fn try_from_slice(octets: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(octets.to_vec()))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

impl<D: Sha2> jwt_compact::Algorithm for RsaPkcs1<D> {
    type SigningKey = Infallible;
    type VerifyingKey = PublicKey;
    type Signature = RsaSignature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(D::PKCS1_NAME)
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> RsaSignature {
        match *signing_key {}
    }

    fn verify_signature(&self, signature: &RsaSignature, key: &PublicKey, message: &[u8]) -> bool {
        key.encoded_message(&signature.0)
            .is_some_and(|encoded| padding::is_pkcs1::<D>(&encoded, message))
    }
}

impl<D: Sha2> jwt_compact::Algorithm for RsaPss<D> {
    type SigningKey = Infallible;
    type VerifyingKey = PublicKey;
    type Signature = RsaSignature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(D::PSS_NAME)
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> RsaSignature {
        match *signing_key {}
    }

    fn verify_signature(&self, signature: &RsaSignature, key: &PublicKey, message: &[u8]) -> bool {
        key.encoded_message(&signature.0)
            .is_some_and(|encoded| padding::is_pss::<D>(&encoded, key.modulus.bits(), message))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const F4: [u8; 3] = [1, 0, 1];

    /// An odd number of that many bits. Admission does not factor it, so it need be no RSA modulus.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut octets = vec![0xff; bits.div_ceil(8)];
        octets[0] >>= (8 - bits % 8) % 8;
        octets
    }

    #[test]
    fn modulus_has_2048_to_8192_bits() {
        for bits in [2048, 2049, 3072, 4095, 8192] {
            assert!(public_key(&modulus(bits), &F4).is_ok(), "{bits}");
        }
        for bits in [8, 1024, 2047] {
            let refused = public_key(&modulus(bits), &F4).unwrap_err();
            assert_eq!(refused, KeyError::RsaModulusTooSmall { bits });
        }
        assert_eq!(
            public_key(&[], &F4),
            Err(KeyError::RsaModulusTooSmall { bits: 0 })
        );
        let zeros_first = [vec![0; 256], modulus(1024)].concat();
        assert_eq!(
            public_key(&zeros_first, &F4),
            Err(KeyError::RsaModulusTooSmall { bits: 1024 })
        );
        for bits in [8193, 16384] {
            let refused = public_key(&modulus(bits), &F4).unwrap_err();
            assert_eq!(refused, KeyError::RsaModulusTooLarge { bits });
        }
    }

    #[test]
    fn leading_zero_octets_are_let_pass() {
        let signed = [vec![0], modulus(2048)].concat();
        assert_eq!(
            public_key(&signed, &[0, 1, 0, 1]),
            public_key(&modulus(2048), &F4)
        );
    }

    #[test]
    fn even_modulus_is_refused() {
        let mut even = modulus(2048);
        *even.last_mut().unwrap() &= 0xfe;
        assert_eq!(public_key(&even, &F4), Err(KeyError::RsaModulusEven));
    }

    #[test]
    fn exponent_is_odd_and_between_its_limits() {
        for exponent in [&[3][..], &[17], &F4] {
            assert!(public_key(&modulus(2048), exponent).is_ok(), "{exponent:?}");
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
            let refused = public_key(&modulus(2048), exponent).unwrap_err();
            assert_eq!(refused, KeyError::RsaExponent, "{exponent:?}");
        }
    }
}
