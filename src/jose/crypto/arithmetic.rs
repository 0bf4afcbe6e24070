//! Selects the implementation of the arithmetic for RSA, EC, Ed25519 and HMAC. No other module does
//! this.
//!
//! The key types call the arithmetic only through the modules re-exported here. Another
//! implementation must offer the same modules with the same functions. The README of
//! [`portable`](super::portable) states what these functions must guarantee.

pub(super) use super::portable::{ecdsa, eddsa, hmac, rsa};
