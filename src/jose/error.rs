//! Why a key, a key set or a token is refused.
//!
//! Each variant is one fact, with the section of the standard that it comes from. None holds anything
//! of a token or a secret, so errors can be logged. Each text says what to do next.

use std::fmt;

use crate::jose::algorithm::Algorithm;
use crate::json::JsonError;

/// Longest `kid`, in bytes. Thumbprints, URLs and names of cloud keys are far shorter. A longer one
/// would be copied into every record and report.
pub const MAX_KID_BYTES: usize = 256;

/// Why a key is not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The key is no strict JSON object (RFC 7517 section 4: names must be unique).
    Json(JsonError),
    /// A member that the type of key requires is not there.
    MemberMissing {
        /// Its name.
        member: &'static str,
    },
    /// A member is not a string, or for `key_ops` not an array of strings.
    MemberType {
        /// Its name.
        member: &'static str,
    },
    /// A member is not strict base64url (RFC 7518 section 2).
    NotBase64url {
        /// Its name.
        member: &'static str,
    },
    /// `kty` is none of EC, OKP, RSA, oct (RFC 7518 section 6.1).
    UnsupportedKeyType,
    /// `crv` is none of P-256, P-384, P-521; for OKP not Ed25519.
    UnsupportedCurve,
    /// `kid` is longer than [`MAX_KID_BYTES`].
    KidTooLong,
    /// `use` says that the key is not for signatures (RFC 7517 section 4.2).
    NotForSignatures,
    /// `key_ops` does not list `verify` (RFC 7517 section 4.3).
    NotForVerifying,
    /// `alg` names no signature algorithm known here (RFC 7517 section 4.4).
    UnsupportedAlgorithm,
    /// `alg` is not one for this type of key or curve (RFC 7518 section 3.1).
    AlgorithmDoesNotFit {
        /// What it names.
        algorithm: Algorithm,
    },
    /// An RSA modulus below 2048 bits (RFC 7518 section 3.3).
    RsaModulusTooSmall {
        /// Its size.
        bits: usize,
    },
    /// An RSA modulus above 8192 bits, which is costly to verify with.
    RsaModulusTooLarge {
        /// Its size.
        bits: usize,
    },
    /// An even RSA modulus, which is no product of two large primes.
    RsaModulusEven,
    /// An RSA exponent that is even, below 3, or above 65537.
    RsaExponent,
    /// An EC coordinate that has not the full length of its curve (RFC 7518 section 6.2.1.2).
    EcCoordinateLength {
        /// The full length, in octets.
        expected: usize,
    },
    /// EC coordinates that are no point of their curve (RFC 8725 section 3.4).
    EcPointNotOnCurve,
    /// An Ed25519 key that has not 32 octets (RFC 8037 section 2).
    OkpLength,
    /// An Ed25519 key that is no point, not canonically written, or of small order.
    OkpPoint,
    /// A shared secret in a key set that was fetched.
    SecretFromAfar,
    /// A shared secret shorter than its hash (RFC 7518 section 3.2).
    SecretTooShort {
        /// Its length.
        octets: usize,
        /// The least length.
        needed: usize,
    },
}

/// Why a text is no token that could be verified. Says nothing of what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Five segments: an encrypted token (RFC 7516 section 3.1).
    Encrypted,
    /// Not three segments (RFC 7515 section 7.1).
    SegmentCount,
    /// A segment is empty: no claims (RFC 7515 appendix F), or no signature (RFC 7519 section 6).
    SegmentEmpty,
    /// A segment is not strict base64url (RFC 7515 section 2).
    NotBase64url,
    /// The header is not one strict JSON object (RFC 7515 section 4).
    HeaderJson(JsonError),
    /// The header has no `alg` (RFC 7515 section 4.1.1).
    AlgorithmMissing,
    /// `alg` names none of the algorithms here; `none` in any spelling is one such.
    UnsupportedAlgorithm,
    /// A header member is not a string (RFC 7515 section 4.1).
    HeaderType {
        /// Its name.
        member: &'static str,
    },
    /// `kid` is longer than any key's may be.
    KidTooLong,
    /// `crit` demands an extension, or is wrong in itself (RFC 7515 section 4.1.11).
    CriticalExtension,
    /// `b64` is there, which a JWT may not use (RFC 7797 section 7).
    UnencodedPayload,
    /// `cty` says that the payload is another token (RFC 7519 section 5.2).
    Nested,
    /// `enc` or `zip` is there, which belong to encrypted tokens (RFC 8725 section 3.6).
    EncryptionHeader,
    /// The payload is not one strict JSON object (RFC 7519 section 7.2).
    ClaimsJson(JsonError),
    /// A registered claim has not its type (RFC 7519 section 4.1).
    ClaimType {
        /// Its name.
        claim: &'static str,
    },
}

/// A key that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// Its place in `keys`, from 0.
    pub index: usize,
    /// Its `kid`, where that could be read and is not too long.
    pub kid: Option<String>,
    /// Why it cannot be used.
    pub reason: KeyError,
}

/// Why a whole key set is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetError {
    /// The text is longer than its limit.
    TooManyBytes {
        /// The limit.
        limit: usize,
    },
    /// There are more keys than their limit.
    TooManyKeys {
        /// The limit.
        limit: usize,
    },
    /// The text is no JSON object with an array `keys` (RFC 7517 section 5.1).
    NotAKeySet,
    /// A member of the outer object occurs twice (RFC 7517 section 5).
    DuplicateName,
    /// A key in the configuration that does not serve, which its owner has to learn.
    Refused {
        /// The key.
        key: SkippedKey,
    },
    /// No key of the set can be used.
    NoUsableKey {
        /// Each key with its reason; empty for an empty set.
        skipped: Vec<SkippedKey>,
    },
}

impl From<JsonError> for KeyError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "{error}"),
            Self::MemberMissing { member } => write!(f, "add the member \"{member}\""),
            Self::MemberType { member: "key_ops" } => {
                f.write_str("\"key_ops\" must be an array of strings")
            }
            Self::MemberType { member } => write!(f, "\"{member}\" must be a string"),
            Self::NotBase64url { member } => {
                write!(f, "\"{member}\" must be base64url without padding")
            }
            Self::UnsupportedKeyType => f.write_str("\"kty\" must be EC, OKP, RSA or oct"),
            Self::UnsupportedCurve => {
                f.write_str("\"crv\" must be P-256, P-384 or P-521, or Ed25519 for OKP")
            }
            Self::KidTooLong => write!(f, "\"kid\" has more than {MAX_KID_BYTES} bytes"),
            Self::NotForSignatures => f.write_str("\"use\" is not \"sig\""),
            Self::NotForVerifying => f.write_str("\"key_ops\" does not hold \"verify\""),
            Self::UnsupportedAlgorithm => {
                f.write_str("\"alg\" must be one of EdDSA, ES*, HS*, PS*, RS*, or absent")
            }
            Self::AlgorithmDoesNotFit { algorithm } => {
                write!(
                    f,
                    "\"alg\" is {algorithm}, which needs another type of key or curve"
                )
            }
            Self::RsaModulusTooSmall { bits } => {
                write!(
                    f,
                    "the RSA modulus has {bits} bits: use one of 2048 or more"
                )
            }
            Self::RsaModulusTooLarge { bits } => {
                write!(
                    f,
                    "the RSA modulus has {bits} bits: use one of 8192 or less"
                )
            }
            Self::RsaModulusEven => f.write_str("the RSA modulus is even: make a new key"),
            Self::RsaExponent => {
                f.write_str("the RSA exponent must be odd and in 3..=65537: use 65537")
            }
            Self::EcCoordinateLength { expected } => {
                write!(
                    f,
                    "\"x\" and \"y\" must have {expected} octets, leading zeros included"
                )
            }
            Self::EcPointNotOnCurve => f.write_str("\"x\" and \"y\" are no point of \"crv\""),
            Self::OkpLength => f.write_str("\"x\" must have 32 octets"),
            Self::OkpPoint => f.write_str("\"x\" is no Ed25519 public key that can be trusted"),
            Self::SecretFromAfar => {
                f.write_str("a fetched key set cannot hold shared secrets: configure them")
            }
            Self::SecretTooShort { octets, needed } => {
                write!(f, "the secret has {octets} octets: use at least {needed}")
            }
        }
    }
}

impl std::error::Error for KeyError {}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => f.write_str("encrypted: have the issuer send signed tokens only"),
            Self::SegmentCount => f.write_str("not three segments: send a JWS in compact form"),
            Self::SegmentEmpty => f.write_str("a segment is empty: send a signed token"),
            Self::NotBase64url => {
                f.write_str("a segment is not base64url: encode it without padding")
            }
            Self::HeaderJson(error) => write!(f, "header: {error}"),
            Self::AlgorithmMissing => f.write_str("header: add \"alg\""),
            Self::UnsupportedAlgorithm => {
                f.write_str("header: \"alg\" must be one of EdDSA, ES*, HS*, PS*, RS*")
            }
            Self::HeaderType { member } => write!(f, "header: \"{member}\" must be a string"),
            Self::KidTooLong => write!(f, "header: \"kid\" has more than {MAX_KID_BYTES} bytes"),
            Self::CriticalExtension => f.write_str("header: remove \"crit\""),
            Self::UnencodedPayload => f.write_str("header: remove \"b64\""),
            Self::Nested => f.write_str("header: \"cty\" announces a token inside the token"),
            Self::EncryptionHeader => f.write_str("header: remove \"enc\" and \"zip\""),
            Self::ClaimsJson(error) => write!(f, "claims: {error}"),
            Self::ClaimType { claim: "aud" } => {
                f.write_str("claims: \"aud\" must be a string or an array of strings")
            }
            Self::ClaimType {
                claim: claim @ ("exp" | "nbf" | "iat"),
            } => {
                write!(
                    f,
                    "claims: \"{claim}\" must be a number of seconds, not negative"
                )
            }
            Self::ClaimType { claim } => write!(f, "claims: \"{claim}\" must be a string"),
        }
    }
}

impl std::error::Error for TokenError {}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyBytes { limit } => {
                write!(
                    f,
                    "the key set is longer than {limit} bytes: raise limits.jwks_bytes"
                )
            }
            Self::TooManyKeys { limit } => {
                write!(
                    f,
                    "the key set holds more than {limit} keys: raise limits.jwks_keys"
                )
            }
            Self::NotAKeySet => {
                f.write_str("not a JWK Set: give a JSON object with an array \"keys\"")
            }
            Self::DuplicateName => {
                f.write_str("a member of the key set occurs twice: remove one of the two")
            }
            Self::Refused { key } => key.fmt(f),
            Self::NoUsableKey { skipped } if skipped.is_empty() => f.write_str("there is no key"),
            Self::NoUsableKey { skipped } => {
                f.write_str("no key can be used")?;
                skipped.iter().try_for_each(|key| write!(f, "; {key}"))
            }
        }
    }
}

impl std::error::Error for KeySetError {}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(f, "key {} (kid {kid:?}): {}", self.index, self.reason),
            None => write!(f, "key {}: {}", self.index, self.reason),
        }
    }
}
