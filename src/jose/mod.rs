//! JOSE: signed JSON Web Tokens and the keys that verify them.
//!
//! A rule of the JOSE standards is in exactly one file of this folder: [`jws`] has the shape of a
//! token, [`header`] what its header may say, [`claims`] the registered claims, [`jwk`] which keys
//! are admitted, [`key`] what an admitted key may verify, [`key_set`] which keys a token is tried
//! against, [`pem`] how keys are read from PEM, [`issuer`] what a key or a provider says of `iss`,
//! [`numbers`] what a key is made of, [`error`] why something is refused, [`algorithm`] the names,
//! [`crypto`] the arithmetic, [`signature`] how jwt-compact sees it, [`x509`] how a host is asked to do
//! it. [`token`] draws the line between claims that someone wrote and claims that a key has signed.
//! Nothing here knows of providers, audiences, clocks or HTTP: that a token verifies says who signed it,
//! not that it may enter.

pub mod algorithm;
pub mod base64url;
mod big_endian;
pub mod claims;
pub mod cost;
pub mod crypto;
pub mod error;
pub mod header;
pub mod header_memo;
pub mod issuer;
pub mod jwk;
pub mod jws;
pub mod key;
pub mod key_set;
pub mod numbers;
pub mod pem;
mod shallow;
pub mod signature;
pub mod token;
pub mod x509;

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
pub use self::key::{JwkAlgorithm, Validity, VerifyingKey};
pub use self::key_set::{KeyQuery, KeySet, KeySetLimits};
pub use self::numbers::{Curve, KeyNumbers, KeyType, Thumbprint};
pub use self::pem::{BlockError, PemError};
pub use self::token::{UntrustedToken, VerifiedToken};
pub use self::x509::X509Signature;

/// Threads share keys, and may hand tokens to each other.
const _: fn() = || {
    fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<KeySet>();
    crosses_threads::<VerifyingKey>();
    crosses_threads::<Claims>();
    crosses_threads::<UntrustedToken<'_>>();
    crosses_threads::<VerifiedToken>();
    crosses_threads::<HeaderMemo>();
};
