//! Why a key, a key set or a token is refused.
//!
//! Each variant states one reason. If the reason comes from a standard, the variant's comment names
//! the section. No variant contains any part of a token or secret, so errors can be logged. Most
//! messages say what to do next.

use std::fmt;

use crate::jose::algorithm::Algorithm;
use crate::json::JsonError;

/// The maximum length of a `kid` in bytes. Real `kid`s, such as thumbprints, URLs and names of
/// cloud keys, are far shorter. Logs and status pages contain `kid`s, so without a limit an issuer
/// could flood the logs and pages.
pub(super) const MAX_KID_BYTES: usize = 256;

/// Why a key is not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The key is not a strict JSON object (RFC 7517 section 4: names must be unique).
    Json(JsonError),
    /// A member that this type of key requires is missing.
    MemberMissing {
        /// The member's name.
        member: &'static str,
    },
    /// A member is not a string, or `key_ops` is not an array of strings.
    MemberType {
        /// The member's name.
        member: &'static str,
    },
    /// A member is not strict base64url (RFC 7518 section 2).
    NotBase64url {
        /// The member's name.
        member: &'static str,
    },
    /// `kty` is not EC, OKP, RSA or oct (RFC 7518 section 6.1).
    UnsupportedKeyType,
    /// `crv` is not supported: it must be P-256, P-384 or P-521 for an EC key, and Ed25519 for an
    /// OKP key.
    UnsupportedCurve,
    /// `kid` is longer than [`MAX_KID_BYTES`].
    KidTooLong,
    /// `use` is `enc`: the key is for encryption (RFC 7517 section 4.2). Key sets often contain
    /// such keys in addition to keys for signatures.
    ForEncryption,
    /// `use` is a value other than `enc` that does not allow signatures (RFC 7517 section 4.2).
    NotForSignatures,
    /// `key_ops` does not list `verify` (RFC 7517 section 4.3).
    NotForVerifying,
    /// `alg` is not a supported signature algorithm (RFC 7517 section 4.4).
    UnsupportedAlgorithm,
    /// `alg` does not fit the key's type or curve (RFC 7518 section 3.1).
    AlgorithmDoesNotFit {
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The RSA modulus has fewer than 2048 bits (RFC 7518 section 3.3).
    RsaModulusTooSmall {
        /// The size in bits.
        bits: usize,
    },
    /// The RSA modulus has more than 8192 bits, so verification would be too slow.
    RsaModulusTooLarge {
        /// The size in bits.
        bits: usize,
    },
    /// The RSA modulus is even, so it is not a product of two large primes.
    RsaModulusEven,
    /// The RSA exponent is even, below 3, or above 65537.
    RsaExponent,
    /// An EC coordinate does not have the full length of its curve (RFC 7518 section 6.2.1.2).
    EcCoordinateLength {
        /// The full length in octets.
        expected: usize,
    },
    /// The EC coordinates are not those of a point on the curve (RFC 8725 section 3.4).
    EcPointNotOnCurve,
    /// The Ed25519 key does not have 32 octets (RFC 8037 section 2).
    OkpLength,
    /// The Ed25519 key is not a point, is not encoded canonically, or has small order.
    OkpPoint,
    /// A key from a fetched key set is a shared secret.
    SecretFromAfar,
    /// The shared secret is shorter than the digest of its HMAC algorithm (RFC 7518 section 3.2).
    SecretTooShort {
        /// The length in octets.
        octets: usize,
        /// The minimum length in octets.
        needed: usize,
    },
}

/// Why a string cannot be verified as a token. No variant contains any part of the string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The string has five segments, so it is an encrypted token (RFC 7516 section 3.1).
    Encrypted,
    /// The string does not have three segments (RFC 7515 section 7.1).
    SegmentCount,
    /// A segment is empty: the header is missing, the payload is detached (RFC 7515 appendix F), or
    /// the token is unsigned (RFC 7519 section 6).
    SegmentEmpty,
    /// A segment is not strict base64url (RFC 7515 section 2).
    NotBase64url,
    /// The header is not one strict JSON object (RFC 7515 section 4).
    HeaderJson(JsonError),
    /// The header has no `alg` (RFC 7515 section 4.1.1).
    AlgorithmMissing,
    /// `alg` is not a supported algorithm. `none`, in upper or lower case, is never supported.
    UnsupportedAlgorithm,
    /// A header member is not a string (RFC 7515 section 4.1).
    HeaderType {
        /// The member's name.
        member: &'static str,
    },
    /// `kid` is longer than [`MAX_KID_BYTES`], so no admitted key has this `kid`.
    KidTooLong,
    /// The header has `crit`, but no extension is supported (RFC 7515 section 4.1.11).
    CriticalExtension,
    /// The header has `b64`, which is forbidden in a JWT (RFC 7797 section 7).
    UnencodedPayload,
    /// `cty` says that the payload is another token (RFC 7519 section 5.2).
    Nested,
    /// The header has `enc` or `zip`, which belong to encrypted tokens (RFC 8725 section 3.6).
    EncryptionHeader,
    /// The payload is not one strict JSON object (RFC 7519 section 7.2).
    ClaimsJson(JsonError),
    /// A registered claim has the wrong type (RFC 7519 section 4.1).
    ClaimType {
        /// The claim's name.
        claim: &'static str,
    },
}

/// A key that was skipped because it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// The key's position in the array `keys`, starting at 0.
    pub index: usize,
    /// The key's `kid`, if it could be read and is not too long.
    pub kid: Option<String>,
    /// Why the key cannot be used.
    pub reason: KeyError,
}

/// Why a whole key set is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetError {
    /// The text of the key set is longer than allowed.
    TooManyBytes {
        /// The limit in bytes.
        limit: usize,
    },
    /// The set has more keys than allowed.
    TooManyKeys {
        /// The maximum number of keys.
        limit: usize,
    },
    /// The text is not a JSON object with an array `keys` (RFC 7517 section 5.1).
    NotAKeySet,
    /// The outer object contains the same name twice (RFC 7517 section 5).
    DuplicateName,
    /// A key in the configuration cannot be used. The operator has to correct this key.
    Refused {
        /// The key, with the reason.
        key: SkippedKey,
    },
    /// No key of the set can be used. For a set of shared secrets, one secret that cannot be used
    /// is enough.
    NoUsableKey {
        /// The keys that cannot be used, each with its reason. The list is empty if the set has no
        /// keys.
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
            Self::MemberMissing { member } => write!(f, "the member \"{member}\" is missing"),
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
            Self::ForEncryption | Self::NotForSignatures => {
                f.write_str("\"use\" must be \"sig\" or absent")
            }
            Self::NotForVerifying => f.write_str("\"key_ops\" must contain \"verify\""),
            Self::UnsupportedAlgorithm => {
                f.write_str("\"alg\" must be one of EdDSA, ES*, HS*, PS*, RS*, or absent")
            }
            Self::AlgorithmDoesNotFit { algorithm } => {
                write!(
                    f,
                    "\"alg\" is {algorithm}, which needs a different key type or curve"
                )
            }
            Self::RsaModulusTooSmall { bits } => {
                write!(f, "the RSA modulus has {bits} bits: use at least 2048 bits")
            }
            Self::RsaModulusTooLarge { bits } => {
                write!(f, "the RSA modulus has {bits} bits: use at most 8192 bits")
            }
            Self::RsaModulusEven => f.write_str("the RSA modulus is even: make a new key"),
            Self::RsaExponent => {
                f.write_str("the RSA exponent must be odd and between 3 and 65537: use 65537")
            }
            Self::EcCoordinateLength { expected } => {
                write!(
                    f,
                    "\"x\" and \"y\" must have {expected} octets each, including leading zeros"
                )
            }
            Self::EcPointNotOnCurve => {
                f.write_str("\"x\" and \"y\" are not a point on the curve that \"crv\" names")
            }
            Self::OkpLength => f.write_str("\"x\" must have 32 octets"),
            Self::OkpPoint => f.write_str("\"x\" is not a valid Ed25519 public key"),
            Self::SecretFromAfar => f.write_str(
                "a shared secret in a fetched key set is not used: write the secret into the \
                     configuration",
            ),
            Self::SecretTooShort { octets, needed } => {
                write!(
                    f,
                    "the secret has {octets} octets: use at least {needed} octets"
                )
            }
        }
    }
}

impl std::error::Error for KeyError {}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => {
                f.write_str("the token is encrypted: configure the issuer to send signed tokens")
            }
            Self::SegmentCount => {
                f.write_str("the token does not have three segments: send a JWS in compact form")
            }
            Self::SegmentEmpty => f.write_str("a segment is empty: send a signed token"),
            Self::NotBase64url => {
                f.write_str("a segment is not base64url: encode the segment without padding")
            }
            Self::HeaderJson(error) => write!(f, "header: {error}"),
            Self::AlgorithmMissing => f.write_str("header: \"alg\" is missing"),
            Self::UnsupportedAlgorithm => {
                f.write_str("header: \"alg\" must be one of EdDSA, ES*, HS*, PS*, RS*")
            }
            Self::HeaderType { member } => write!(f, "header: \"{member}\" must be a string"),
            Self::KidTooLong => write!(f, "header: \"kid\" has more than {MAX_KID_BYTES} bytes"),
            Self::CriticalExtension => f.write_str("header: \"crit\" is not accepted"),
            Self::UnencodedPayload => f.write_str("header: \"b64\" is not accepted"),
            Self::Nested => f.write_str(
                "header: \"cty\" says that the payload is another token: send that token",
            ),
            Self::EncryptionHeader => f.write_str("header: \"enc\" and \"zip\" are not accepted"),
            Self::ClaimsJson(error) => write!(f, "claims: {error}"),
            Self::ClaimType { claim: "aud" } => {
                f.write_str("claims: \"aud\" must be a string or an array of strings")
            }
            Self::ClaimType {
                claim: claim @ ("exp" | "nbf" | "iat"),
            } => {
                write!(
                    f,
                    "claims: \"{claim}\" must be a non-negative number of seconds"
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
                    "the key set has more than {limit} keys: raise limits.jwks_keys"
                )
            }
            Self::NotAKeySet => {
                f.write_str("not a JWK Set: give a JSON object with an array \"keys\"")
            }
            Self::DuplicateName => {
                f.write_str("a member of the key set occurs twice: remove one of the two")
            }
            Self::Refused { key } => key.fmt(f),
            Self::NoUsableKey { skipped } if skipped.is_empty() => {
                f.write_str("the key set has no keys")
            }
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
