//! Signature algorithms: their names, and the arithmetic that verifies them.
//!
//! [`Algorithm`] is the closed set of algorithms that exist here. `none` is no member of it, nor is
//! anything else that a token may name (RFC 7518 section 3.1 lists them, RFC 8725 section 3.1 says
//! that the verifier chooses): what has no name here cannot be asked for.
//!
//! The files below implement [`jwt_compact::Algorithm`], verification only: the signing key is a
//! type without values, so this crate cannot sign even by mistake. They are ours because jwt-compact
//! has no ES384 and ES512, its `rsa` feature needs a source of randomness that this target does not
//! have, and its HMAC would link every hash a second time.

pub mod ecdsa;
pub mod eddsa;
pub mod hash;
pub mod hmac;
pub mod rsa;

use std::fmt;

use jwt_compact::AlgorithmSignature;

pub use self::hash::Sha2;

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// `EdDSA` with Ed25519, which RFC 9864 section 2.2 also names `Ed25519`.
    EdDsa,
    /// `ES256`: ECDSA on P-256 with SHA-256.
    Es256,
    /// `ES384`: ECDSA on P-384 with SHA-384.
    Es384,
    /// `ES512`: ECDSA on P-521 with SHA-512.
    Es512,
    /// `HS256`: HMAC with SHA-256.
    Hs256,
    /// `HS384`: HMAC with SHA-384.
    Hs384,
    /// `HS512`: HMAC with SHA-512.
    Hs512,
    /// `PS256`: RSASSA-PSS with SHA-256.
    Ps256,
    /// `PS384`: RSASSA-PSS with SHA-384.
    Ps384,
    /// `PS512`: RSASSA-PSS with SHA-512.
    Ps512,
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// `RS384`: RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// `RS512`: RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

/// Algorithms that differ only in their hash, or in their curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `EdDSA`.
    EdDsa,
    /// `ES*`.
    Ecdsa,
    /// `HS*`.
    Hmac,
    /// `PS*`.
    RsaPss,
    /// `RS*`.
    RsaPkcs1,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 13] = [
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// The algorithms whose verifying key is public.
    pub const ASYMMETRIC: [Self; 10] = [
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// The algorithm of that `alg` value, compared as RFC 7515 section 4.1.1 says: letter by
    /// letter.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            // RFC 9864 section 2.2: the fully specified name of what `EdDSA` means here.
            "Ed25519" => Some(Self::EdDsa),
            _ => Self::ALL
                .into_iter()
                .find(|algorithm| algorithm.name() == name),
        }
    }

    /// The `alg` value; `EdDSA` for both names of [`Algorithm::EdDsa`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    /// The family.
    pub const fn family(self) -> Family {
        match self {
            Self::EdDsa => Family::EdDsa,
            Self::Es256 | Self::Es384 | Self::Es512 => Family::Ecdsa,
            Self::Hs256 | Self::Hs384 | Self::Hs512 => Family::Hmac,
            Self::Ps256 | Self::Ps384 | Self::Ps512 => Family::RsaPss,
            Self::Rs256 | Self::Rs384 | Self::Rs512 => Family::RsaPkcs1,
        }
    }

    /// True where whoever can verify can also sign.
    pub const fn is_symmetric(self) -> bool {
        matches!(self.family(), Family::Hmac)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Verifies `signature`, whose length nobody has checked yet.
///
/// jwt-compact documents that `try_from_slice` sees no length but `LENGTH`: whoever relies on that
/// would panic on a token with a short signature, which ends the worker.
pub(super) fn verify<A: jwt_compact::Algorithm>(
    algorithm: &A,
    key: &A::VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let expected = <A::Signature as AlgorithmSignature>::LENGTH;
    if expected.is_some_and(|length| length.get() != signature.len()) {
        return false;
    }
    A::Signature::try_from_slice(signature)
        .is_ok_and(|signature| algorithm.verify_signature(&signature, key, message))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_algorithm_is_found_by_its_name() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert_eq!(algorithm.to_string(), algorithm.name());
        }
        assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    }

    #[test]
    fn no_other_name_is_an_algorithm() {
        for name in [
            "",
            "none",
            "None",
            "NONE",
            "rs256",
            "RS256 ",
            "ES521",
            "ES256K",
            "EdDsa",
            "Ed448",
            "RS1",
            "HS1",
            "RSA-OAEP",
            "dir",
            "ML-DSA-44",
            "A256GCM",
        ] {
            assert_eq!(Algorithm::from_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn asymmetric_algorithms_are_all_but_hmac() {
        let asymmetric: Vec<_> = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| !algorithm.is_symmetric())
            .collect();
        assert_eq!(asymmetric, Algorithm::ASYMMETRIC);
    }

    #[test]
    fn a_signature_of_the_wrong_length_is_false_and_no_panic() {
        let key = jwt_compact::alg::Hs256Key::new([7; 32]);
        for length in [0, 1, 31, 33, 64] {
            assert!(!verify(
                &jwt_compact::alg::Hs256,
                &key,
                b"message",
                &vec![0; length]
            ));
        }
    }
}
