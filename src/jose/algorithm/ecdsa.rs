//! ECDSA on the NIST curves (RFC 7518 section 3.4).
//!
//! A signature is r and s side by side, each as long as the curve's order, so exactly 64, 96 or 132
//! octets: DER, which other protocols use, is refused by its length. Both lie in [1, n-1]; the
//! all-zero signature that other verifiers let in (CVE-2022-21449) is not even parsed. JOSE has no
//! rule against a high s.

use std::borrow::Cow;
use std::convert::Infallible;
use std::num::NonZeroUsize;

use jwt_compact::AlgorithmSignature;
use p256::ecdsa::signature::Verifier;
use p256::elliptic_curve::point::AffineCoordinates;

use crate::jose::error::KeyError;

/// Prepares a public key from its coordinates (RFC 7518 section 6.2.1), each of the curve's full
/// length: a coordinate is refused without its leading zeros, since who omits them disagrees with
/// the standard about what the key is.
///
/// # Errors
/// [`KeyError::EcCoordinateLength`] and [`KeyError::EcPointNotOnCurve`]; the point at infinity has
/// no coordinates, so it cannot be written.
pub fn public_key<C: NistCurve>(x: &[u8], y: &[u8]) -> Result<C::PublicKey, KeyError> {
    if x.len() != C::FIELD_OCTETS || y.len() != C::FIELD_OCTETS {
        return Err(KeyError::EcCoordinateLength {
            expected: C::FIELD_OCTETS,
        });
    }
    C::point(x, y).ok_or(KeyError::EcPointNotOnCurve)
}

/// A curve that JOSE signs on, and the hash it is bound to.
pub trait NistCurve {
    /// `alg` of this curve.
    const ALGORITHM: &'static str;
    /// Octets of one coordinate.
    const FIELD_OCTETS: usize;
    /// Octets of r and s together.
    const SIGNATURE_OCTETS: NonZeroUsize;
    /// A point of the curve.
    type PublicKey;
    /// r and s.
    type Signature;

    /// The point of these coordinates where they solve the curve's equation.
    fn point(x: &[u8], y: &[u8]) -> Option<Self::PublicKey>;
    /// r and s where both are in [1, n-1].
    fn signature(octets: &[u8]) -> Option<Self::Signature>;
    /// r and s, as they were.
    fn signature_octets(signature: &Self::Signature) -> Vec<u8>;
    /// Verifies.
    fn verify(key: &Self::PublicKey, message: &[u8], signature: &Self::Signature) -> bool;
}

/// `ES256`, `ES384`, `ES512`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ecdsa<C>(C);

/// r and s.
#[derive(Clone, Debug)]
pub struct EcdsaSignature<C: NistCurve>(C::Signature);

impl<C: NistCurve> AlgorithmSignature for EcdsaSignature<C> {
    const LENGTH: Option<NonZeroUsize> = Some(C::SIGNATURE_OCTETS);

    fn try_from_slice(octets: &[u8]) -> anyhow::Result<Self> {
        C::signature(octets)
            .map(Self)
            .ok_or_else(|| anyhow::Error::msg("r or s out of range"))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Owned(C::signature_octets(&self.0))
    }
}

impl<C: NistCurve> jwt_compact::Algorithm for Ecdsa<C> {
    type SigningKey = Infallible;
    type VerifyingKey = C::PublicKey;
    type Signature = EcdsaSignature<C>;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(C::ALGORITHM)
    }

    fn sign(&self, signing_key: &Infallible, _message: &[u8]) -> Self::Signature {
        match *signing_key {}
    }

    fn verify_signature(
        &self,
        signature: &Self::Signature,
        key: &C::PublicKey,
        message: &[u8],
    ) -> bool {
        C::verify(key, message, &signature.0)
    }
}

macro_rules! nist_curve {
    ($(#[$doc:meta])* $name:ident, $crate_name:ident, $algorithm:literal, $octets:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name;

        impl NistCurve for $name {
            const ALGORITHM: &'static str = $algorithm;
            const FIELD_OCTETS: usize = $octets;
            const SIGNATURE_OCTETS: NonZeroUsize =
                NonZeroUsize::MIN.saturating_add($octets + $octets - 1);
            type PublicKey = $crate_name::ecdsa::VerifyingKey;
            type Signature = $crate_name::ecdsa::Signature;

            fn point(x: &[u8], y: &[u8]) -> Option<Self::PublicKey> {
                let (x, y) = (x.try_into().ok()?, y.try_into().ok()?);
                let point = $crate_name::AffinePoint::from_coordinates(x, y).into_option()?;
                Self::PublicKey::from_affine(point).ok()
            }

            #[inline(never)]
            fn signature(octets: &[u8]) -> Option<Self::Signature> {
                Self::Signature::from_slice(octets).ok()
            }

            fn signature_octets(signature: &Self::Signature) -> Vec<u8> {
                signature.to_bytes().to_vec()
            }

            fn verify(
                key: &Self::PublicKey,
                message: &[u8],
                signature: &Self::Signature,
            ) -> bool {
                key.verify(message, signature).is_ok()
            }
        }
    };
}

nist_curve! {
    /// P-256 with SHA-256.
    P256, p256, "ES256", 32
}
nist_curve! {
    /// P-384 with SHA-384.
    P384, p384, "ES384", 48
}
nist_curve! {
    /// P-521 with SHA-512.
    P521, p521, "ES512", 66
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::jose::algorithm::verify;

    fn generator<C: NistCurve>(sec1: &[u8]) -> C::PublicKey {
        let (x, y) = sec1[1..].split_at(C::FIELD_OCTETS);
        public_key::<C>(x, y).unwrap()
    }

    fn p256_generator() -> Vec<u8> {
        let secret = p256::ecdsa::SigningKey::from_slice(&[&[0; 31][..], &[1]].concat()).unwrap();
        secret
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec()
    }

    #[test]
    fn coordinates_have_the_length_of_the_field() {
        let point = p256_generator();
        let (x, y) = point[1..].split_at(32);
        assert!(public_key::<P256>(x, y).is_ok());
        let padded = [&[0], x].concat();
        for (x, y) in [
            (&x[1..], y),
            (x, &y[..31]),
            (&padded, y),
            (&[], &[]),
            (&point, &[]),
        ] {
            let refused = public_key::<P256>(x, y).unwrap_err();
            assert_eq!(refused, KeyError::EcCoordinateLength { expected: 32 });
        }
    }

    #[test]
    fn point_is_on_the_curve() {
        let point = p256_generator();
        let (x, y) = point[1..].split_at(32);
        for (x, y) in [(y, x), (&[0; 32], &[0; 32]), (x, x), (&[0xff; 32], y)] {
            assert_eq!(
                public_key::<P256>(x, y).unwrap_err(),
                KeyError::EcPointNotOnCurve
            );
        }
    }

    #[test]
    fn zero_r_or_s_is_false() {
        let key = generator::<P256>(&p256_generator());
        let one = [&[0; 31][..], &[1]].concat();
        let zero = [0; 32];
        for (r, s) in [(&zero[..], &zero[..]), (&zero, &one), (&one, &zero)] {
            assert!(!verify(&Ecdsa(P256), &key, b"message", &[r, s].concat()));
        }
    }

    #[test]
    fn signature_lengths_are_those_of_rfc_7518() {
        assert_eq!(P256::SIGNATURE_OCTETS.get(), 64);
        assert_eq!(P384::SIGNATURE_OCTETS.get(), 96);
        assert_eq!(P521::SIGNATURE_OCTETS.get(), 132);
    }
}
