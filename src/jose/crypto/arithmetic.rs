//! Chooses the implementation of the arithmetic. No other module does.
//!
//! The key types only call these modules. Another implementation must have modules with the same
//! functions; the README of [`portable`](super::portable) states what they must guarantee.

pub(super) use super::portable::{ecdsa, eddsa, hmac, rsa};
