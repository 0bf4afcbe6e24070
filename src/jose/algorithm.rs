//! Signature algorithms: their names, and how each algorithm computes a signature.
//!
//! [`Algorithm`] is the closed set of supported algorithms. RFC 7518 section 3.1 also registers
//! `none`, but each verifier decides which algorithms it allows (RFC 8725 section 3.1). A token
//! cannot select an algorithm that is not a variant of this enum.
//!
//! [`Scheme`] says how an algorithm computes signatures, and which [`enum@Hash`] it uses.

use std::fmt;

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// `EdDSA` on the curve Ed25519. RFC 9864 section 2.2 names this algorithm `Ed25519`.
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

/// A group of algorithms that differ only in their hash or curve.
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

/// How a signature is computed. Ed25519 always uses SHA-512. The other schemes can use any
/// [`enum@Hash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `EdDSA` on edwards25519, with SHA-512 (RFC 8032 section 5.1).
    Ed25519,
    /// ECDSA on the curve of the key (FIPS 186-5 section 6).
    Ecdsa(Hash),
    /// HMAC (RFC 2104), whose key is secret.
    Hmac(Hash),
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1(Hash),
    /// RSASSA-PSS. MGF1 uses the message's hash, and the salt is as long as the digest (RFC 7518
    /// section 3.5).
    RsaPss(Hash),
}

/// A hash of the SHA-2 family (FIPS 180-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
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

    /// Finds the algorithm with this `alg` value, which is case-sensitive (RFC 7515 section 4.1.1).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            // The newer name for EdDSA with Ed25519 (RFC 9864 section 2.2).
            "Ed25519" => Some(Self::EdDsa),
            _ => Self::ALL
                .into_iter()
                .find(|algorithm| algorithm.name() == name),
        }
    }

    /// The `alg` value. [`Algorithm::EdDsa`] has two names; this method returns `EdDSA`.
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

    /// The scheme that computes the algorithm's signatures, and the hash that the scheme uses.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::EdDsa => Scheme::Ed25519,
            Self::Es256 => Scheme::Ecdsa(Hash::Sha256),
            Self::Es384 => Scheme::Ecdsa(Hash::Sha384),
            Self::Es512 => Scheme::Ecdsa(Hash::Sha512),
            Self::Hs256 => Scheme::Hmac(Hash::Sha256),
            Self::Hs384 => Scheme::Hmac(Hash::Sha384),
            Self::Hs512 => Scheme::Hmac(Hash::Sha512),
            Self::Ps256 => Scheme::RsaPss(Hash::Sha256),
            Self::Ps384 => Scheme::RsaPss(Hash::Sha384),
            Self::Ps512 => Scheme::RsaPss(Hash::Sha512),
            Self::Rs256 => Scheme::RsaPkcs1(Hash::Sha256),
            Self::Rs384 => Scheme::RsaPkcs1(Hash::Sha384),
            Self::Rs512 => Scheme::RsaPkcs1(Hash::Sha512),
        }
    }

    /// The algorithm's family.
    pub const fn family(self) -> Family {
        match self.scheme() {
            Scheme::Ed25519 => Family::EdDsa,
            Scheme::Ecdsa(_) => Family::Ecdsa,
            Scheme::Hmac(_) => Family::Hmac,
            Scheme::RsaPss(_) => Family::RsaPss,
            Scheme::RsaPkcs1(_) => Family::RsaPkcs1,
        }
    }

    /// Returns true if the verifying key can also sign.
    pub const fn is_symmetric(self) -> bool {
        matches!(self.family(), Family::Hmac)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Hash {
    /// Length of a digest in octets.
    pub const fn octets(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
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
    fn each_scheme_has_the_hash_of_its_name() {
        for algorithm in Algorithm::ALL {
            use Scheme::{Ecdsa, Ed25519, Hmac, RsaPkcs1, RsaPss};
            let name = match algorithm.scheme() {
                Ed25519 => "EdDSA".to_owned(),
                Ecdsa(hash) => format!("ES{}", hash.octets() * 8),
                Hmac(hash) => format!("HS{}", hash.octets() * 8),
                RsaPkcs1(hash) => format!("RS{}", hash.octets() * 8),
                RsaPss(hash) => format!("PS{}", hash.octets() * 8),
            };
            assert_eq!(algorithm.name(), name);
        }
    }

    #[test]
    fn all_algorithms_but_hmac_are_asymmetric() {
        let asymmetric: Vec<_> = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| !algorithm.is_symmetric())
            .collect();
        assert_eq!(asymmetric, Algorithm::ASYMMETRIC);
    }
}
