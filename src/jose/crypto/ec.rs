//! EC keys: ECDSA on the NIST curves (RFC 7518 section 3.4).
//!
//! A signature is r followed by s, each as long as the curve's order. So a signature has exactly
//! 64, 96 or 132 octets. Other protocols encode signatures in DER. A DER signature is refused
//! because its length is wrong. Both r and s must be in [1, n-1], where n is the order. So the
//! all-zero signature that some other verifiers accepted (CVE-2022-21449) is refused before any
//! curve arithmetic. JOSE does not require s to be in the lower half of its range, so a high s is
//! accepted.

use super::arithmetic::ecdsa::PublicKey;
use crate::jose::algorithm::Hash;
use crate::jose::error::KeyError;
use crate::jose::numbers::Curve;

/// An EC public key that has passed the checks of [`admit`](Self::admit).
#[derive(Clone, Debug)]
pub struct EcKey {
    curve: Curve,
    point: PublicKey,
}

impl EcKey {
    /// Admits a key, given its coordinates (RFC 7518 section 6.2.1). Each coordinate must have the
    /// curve's full length, including leading zeros, as the standard requires. The point at
    /// infinity has no coordinates, so it cannot be a key.
    ///
    /// # Errors
    /// [`KeyError::EcCoordinateLength`] or [`KeyError::EcPointNotOnCurve`].
    pub fn admit(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        let expected = curve.octets();
        if x.len() != expected || y.len() != expected {
            return Err(KeyError::EcCoordinateLength { expected });
        }
        let point = PublicKey::new(curve, x, y).ok_or(KeyError::EcPointNotOnCurve)?;
        Ok(Self { curve, point })
    }

    /// The curve.
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// The hash that JOSE uses with the curve (RFC 7518 section 3.4).
    pub const fn hash(&self) -> Hash {
        match self.curve {
            Curve::P256 => Hash::Sha256,
            Curve::P384 => Hash::Sha384,
            Curve::P521 => Hash::Sha512,
        }
    }

    /// Returns true if `signature` has the right length, and r and s are in [1, n-1]. Only such a
    /// signature can be valid.
    pub fn is_in_range(&self, signature: &[u8]) -> bool {
        self.has_length(signature) && self.point.is_in_range(signature)
    }

    /// Returns true if `signature` is a valid signature of `message` with the curve's hash.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.has_length(signature) && self.point.verify(message, signature)
    }

    fn has_length(&self, signature: &[u8]) -> bool {
        signature.len() == self.curve.octets().saturating_mul(2)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn p256_generator() -> Vec<u8> {
        let secret = p256::ecdsa::SigningKey::from_slice(&[&[0; 31][..], &[1]].concat()).unwrap();
        secret
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec()
    }

    #[test]
    fn coordinates_must_have_the_length_of_the_field() {
        let point = p256_generator();
        let (x, y) = point[1..].split_at(32);
        assert!(EcKey::admit(Curve::P256, x, y).is_ok());
        let padded = [&[0], x].concat();
        for (x, y) in [
            (&x[1..], y),
            (x, &y[..31]),
            (&padded, y),
            (&[], &[]),
            (&point, &[]),
        ] {
            let refused = EcKey::admit(Curve::P256, x, y).unwrap_err();
            assert_eq!(refused, KeyError::EcCoordinateLength { expected: 32 });
        }
    }

    #[test]
    fn a_point_must_be_on_the_curve() {
        let point = p256_generator();
        let (x, y) = point[1..].split_at(32);
        for (x, y) in [(y, x), (&[0; 32], &[0; 32]), (x, x), (&[0xff; 32], y)] {
            assert_eq!(
                EcKey::admit(Curve::P256, x, y).unwrap_err(),
                KeyError::EcPointNotOnCurve
            );
        }
    }

    #[test]
    fn refuses_a_zero_r_or_s() {
        let point = p256_generator();
        let (x, y) = point[1..].split_at(32);
        let key = EcKey::admit(Curve::P256, x, y).unwrap();
        let one = [&[0; 31][..], &[1]].concat();
        let zero = [0; 32];
        for (r, s) in [(&zero[..], &zero[..]), (&zero, &one), (&one, &zero)] {
            let signature = [r, s].concat();
            assert!(!key.verify(b"message", &signature) && !key.is_in_range(&signature));
        }
    }

    #[test]
    fn signatures_must_have_the_length_of_rfc_7518() {
        let lengths = [Curve::P256, Curve::P384, Curve::P521].map(|curve| 2 * curve.octets());
        assert_eq!(lengths, [64, 96, 132]);
        let secret = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let point = secret.verifying_key().to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        let key = EcKey::admit(Curve::P256, x, y).unwrap();
        let signature: p256::ecdsa::Signature =
            p256::ecdsa::signature::Signer::sign(&secret, b"message");
        let octets = signature.to_bytes();
        assert!(key.verify(b"message", &octets));
        for wrong in [
            &octets[..63],
            &octets[1..],
            &[&octets[..], &[0]].concat(),
            &[],
        ] {
            assert!(!key.verify(b"message", wrong) && !key.is_in_range(wrong));
        }
        assert!(!key.verify(b"message", signature.to_der().as_bytes()));
    }
}
