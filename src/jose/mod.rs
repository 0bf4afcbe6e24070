//! JOSE: signed JSON Web Tokens, and the keys that verify them.
//!
//! Each rule of the JOSE standards is implemented in exactly one file of this folder:
//!
//! - [`jws`] splits a token into its three segments. [`header`] parses the header, and [`claims`]
//!   parses the claims.
//! - [`jwk`] decides which keys are admitted. [`key`] decides which signatures an admitted key may
//!   verify. [`key_set`] selects the keys to try for a token, and [`cost`] limits the cost of
//!   trying them.
//! - [`pem`] parses keys in PEM. [`issuer`] compares `iss` with the issuer of a key or of a
//!   provider.
//! - [`algorithm`] names the algorithms, [`numbers`] holds the numbers that make up a key, and
//!   [`crypto`] does the arithmetic. [`signature`] implements jwt-compact's traits. [`x509`]
//!   converts keys and signatures to the encodings of X.509, for hosts that verify signatures.
//! - [`token`] distinguishes unverified claims from claims with a valid signature.
//! - [`error`] lists the reasons to refuse a token, a key or a key set. No error repeats any part
//!   of a token or secret.
//!
//! This module does not depend on providers, audiences, clocks or HTTP. A verified token proves
//! only who signed it. It does not prove that the request may pass.
//!
//! ```
//! use portcullis::{
//!     jose::{KeyOrigin, KeyQuery, KeySet, KeySetLimits, UntrustedToken},
//!     time::UnixSeconds,
//! };
//!
//! // The key of RFC 8037, appendix A.2.
//! let jwks = br#"{"keys":[{"kty":"OKP","crv":"Ed25519",
//!     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
//! let keys = KeySet::parse(jwks, KeyOrigin::Remote, KeySetLimits::default())?;
//!
//! // `{"sub":"alice"}`, signed with the private key of RFC 8037, appendix A.1.
//! let token = UntrustedToken::parse(concat!(
//!     "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.",
//!     "eFTpuxd5oo38-eZyGVq9scoNkxAqvbc-sDJt27w46VWK",
//!     "PwLPHyUnUvvw3A2jBpmW3-qynlegeDc8tXCZrv_YAw",
//! ))?;
//! let query = KeyQuery::of(token.header(), UnixSeconds::new(0));
//! let verified = keys.candidates(query).find_map(|key| token.verify(key));
//! assert_eq!(verified.ok_or("bad signature")?.claims().subject(), Some("alice"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod algorithm;
pub mod base64url;
mod big_endian;
mod claims;
mod cost;
pub mod crypto;
mod error;
mod header;
mod header_memo;
mod issuer;
mod jwk;
mod jws;
mod key;
mod key_set;
mod numbers;
pub mod pem;
mod shallow;
mod signature;
mod token;
mod x509;

pub use self::algorithm::{Algorithm, Family, Hash, Scheme};
pub use self::claims::{ClaimPath, Claims, Times, words};
pub use self::cost::{Budget, Nameless};
pub use self::crypto::SecretKey;
pub use self::error::{KeyError, KeySetError, SkippedKey, TokenError};
pub use self::header::JoseHeader;
pub use self::header_memo::HeaderMemo;
pub use self::issuer::IssuerTemplate;
pub use self::jwk::KeyOrigin;
pub use self::jws::CompactJws;
pub use self::key::{JwkAlgorithm, KeyPurpose, Validity, VerifyingKey};
pub use self::key_set::{KeyQuery, KeySet, KeySetLimits};
pub use self::numbers::{Curve, KeyNumbers, KeyType, Thumbprint};
pub use self::pem::{BlockError, PemError};
pub use self::token::{UntrustedToken, VerifiedToken};
pub use self::x509::{X509Key, X509Signature};

/// Checks at compile time that threads can share keys and pass tokens to each other.
const _: fn() = || {
    fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<KeySet>();
    crosses_threads::<VerifyingKey>();
    crosses_threads::<Claims>();
    crosses_threads::<UntrustedToken<'_>>();
    crosses_threads::<VerifiedToken>();
    crosses_threads::<HeaderMemo>();
};
