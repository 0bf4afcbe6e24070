//! `EdDSA` with Ed25519 (RFC 8037 section 3.1, RFC 8032 section 5.1.7).
//!
//! Verification is strict: S below the group order, R canonical and of no small order. So one
//! message and key have no second signature made from the first. What depends only on the key (its
//! canonical encoding, no small order) is checked once, at admission. Ed448 does not exist here.

use std::borrow::Cow;
use std::convert::Infallible;
use std::num::NonZeroUsize;

use ed25519_dalek::{SIGNATURE_LENGTH, Signature, VerifyingKey};
use jwt_compact::AlgorithmSignature;

use crate::jose::jwk::KeyError;

/// Prepares the public key of those 32 octets (RFC 8037 section 2).
///
/// # Errors
/// Another length; no point of the curve, or not written in its one canonical way; a point of small
/// order, for which a signature of one message is one of nearly every message.
pub fn public_key(x: &[u8]) -> Result<VerifyingKey, KeyError> {
    let octets = <&[u8; 32]>::try_from(x).map_err(|_| KeyError::OkpLength)?;
    VerifyingKey::from_bytes(octets)
        .ok()
        .filter(|key| !key.is_weak() && key.to_edwards().compress().as_bytes() == octets)
        .ok_or(KeyError::OkpPoint)
}

/// `EdDSA` with Ed25519.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ed25519;

/// R and S.
#[derive(Clone, Debug)]
pub struct Ed25519Signature(Signature);

impl AlgorithmSignature for Ed25519Signature {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(SIGNATURE_LENGTH);

    fn try_from_slice(octets: &[u8]) -> anyhow::Result<Self> {
        Signature::from_slice(octets)
            .map(Self)
            .map_err(|_| anyhow::Error::msg("an Ed25519 signature has 64 octets"))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.0.to_bytes().to_vec())
    }
}

impl jwt_compact::Algorithm for Ed25519 {
    type SigningKey = Infallible;
    type VerifyingKey = VerifyingKey;
    type Signature = Ed25519Signature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("EdDSA")
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> Ed25519Signature {
        match *signing_key {}
    }

    fn verify_signature(
        &self,
        signature: &Ed25519Signature,
        key: &VerifyingKey,
        message: &[u8],
    ) -> bool {
        key.verify_strict(message, &signature.0).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::algorithm::verify;

    /// RFC 8032 section 7.1, test 1: key and signature of the empty message.
    const KEY: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
        0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07,
        0x51, 0x1a,
    ];

    fn signed(message: &[u8]) -> Vec<u8> {
        use ed25519_dalek::Signer as _;
        let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        secret.sign(message).to_bytes().to_vec()
    }

    fn key() -> VerifyingKey {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        public_key(secret.verifying_key().as_bytes()).unwrap()
    }

    #[test]
    fn key_is_32_octets_of_a_point() {
        assert!(public_key(&KEY).is_ok());
        for length in [0, 31, 33, 57, 64] {
            assert_eq!(
                public_key(&vec![1; length]),
                Err(KeyError::OkpLength),
                "{length}"
            );
        }
    }

    #[test]
    fn key_is_canonical_and_of_no_small_order() {
        let identity = [&[1][..], &[0; 31]].concat();
        let order_four = [0; 32];
        let not_canonical = [&[0xee][..], &[0xff; 30], &[0x7f]].concat();
        let no_point = [&[2][..], &[0; 31]].concat();
        for x in [&identity[..], &order_four, &not_canonical, &no_point] {
            assert_eq!(public_key(x), Err(KeyError::OkpPoint), "{x:?}");
        }
    }

    #[test]
    fn signature_with_s_past_the_group_order_is_false() {
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let mut signature = signed(b"message");
        assert!(verify(&Ed25519, &key(), b"message", &signature));
        let mut carry = 0_u16;
        for (octet, order) in signature[32..].iter_mut().zip(ORDER) {
            carry += u16::from(*octet) + u16::from(order);
            *octet = u8::try_from(carry & 0xff).unwrap();
            carry >>= 8;
        }
        assert!(!verify(&Ed25519, &key(), b"message", &signature));
    }
}
