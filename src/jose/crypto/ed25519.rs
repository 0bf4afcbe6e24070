//! Ed25519 keys (RFC 8037 section 3.1). Ed448 is not supported.
//!
//! Verification is strict: S must be below the group order, and R must be encoded canonically and
//! must not have small order. So nobody can derive a second valid signature for the same message
//! from an existing signature. The key itself must also be encoded canonically and must not have
//! small order. These conditions are checked once, at admission.

use super::arithmetic::eddsa::PublicKey;
use crate::jose::error::KeyError;

/// An Ed25519 public key that has passed the checks of [`admit`](Self::admit).
#[derive(Clone, Debug)]
pub struct Ed25519Key(PublicKey);

impl Ed25519Key {
    /// Admits a key of 32 octets (RFC 8037 section 2).
    ///
    /// # Errors
    /// If the length is wrong, if the octets are not the canonical encoding of a point, or if the
    /// point has small order. With a key of small order, one signature is valid for many messages.
    pub fn admit(x: &[u8]) -> Result<Self, KeyError> {
        let octets = x.try_into().map_err(|_| KeyError::OkpLength)?;
        PublicKey::new(octets).map(Self).ok_or(KeyError::OkpPoint)
    }

    /// Returns true if `signature` (R followed by S) is a valid signature of `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match signature.as_chunks() {
            ([r, s], []) => self.0.verify(message, r, s),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// The public key of RFC 8032 section 7.1, test 1.
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

    fn key() -> Ed25519Key {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
        Ed25519Key::admit(secret.verifying_key().as_bytes()).unwrap()
    }

    #[test]
    fn a_key_is_a_point_in_32_octets() {
        assert!(Ed25519Key::admit(&KEY).is_ok());
        for length in [0, 31, 33, 57, 64] {
            assert_eq!(
                Ed25519Key::admit(&vec![1; length]).unwrap_err(),
                KeyError::OkpLength,
                "{length}"
            );
        }
    }

    #[test]
    fn a_key_must_be_canonical_and_not_of_small_order() {
        let identity = [&[1][..], &[0; 31]].concat();
        let order_four = [0; 32];
        let not_canonical = [&[0xee][..], &[0xff; 30], &[0x7f]].concat();
        let no_point = [&[2][..], &[0; 31]].concat();
        for x in [&identity[..], &order_four, &not_canonical, &no_point] {
            assert_eq!(
                Ed25519Key::admit(x).unwrap_err(),
                KeyError::OkpPoint,
                "{x:?}"
            );
        }
    }

    #[test]
    fn refuses_a_signature_with_s_past_the_group_order() {
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let mut signature = signed(b"message");
        assert!(key().verify(b"message", &signature));
        let mut carry = 0_u16;
        for (octet, order) in signature[32..].iter_mut().zip(ORDER) {
            carry += u16::from(*octet) + u16::from(order);
            *octet = u8::try_from(carry & 0xff).unwrap();
            carry >>= 8;
        }
        assert!(!key().verify(b"message", &signature));
    }
}
