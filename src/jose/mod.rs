//! JOSE: signed JSON Web Tokens and the keys that verify them.
//!
//! A rule of the JOSE standards is in exactly one file of this folder: [`token`] has the shape of
//! a JWS and what a header may say, [`claims`] the registered claims, [`jwk`] which keys are
//! admitted, [`key`] what an admitted key may verify, [`key_set`] which keys a token is tried
//! against, [`algorithm`] the arithmetic. Nothing here knows of issuers, audiences, clocks or HTTP:
//! that a token verifies says who signed it, not that it may enter.

pub mod algorithm;
pub mod base64url;
pub mod claims;
pub mod jwk;
pub mod key;
pub mod key_set;
pub mod token;

pub use self::algorithm::{Algorithm, Family};
pub use self::claims::{ClaimPath, Claims, words};
pub use self::jwk::{KeyError, KeyOrigin};
pub use self::key::{Curve, JwkAlgorithm, KeyType, Thumbprint, VerifyingKey};
pub use self::key_set::{KeySet, KeySetError, KeySetLimits, SkippedKey};
pub use self::token::{JoseHeader, TokenError, UntrustedToken, VerifiedToken};
