//! The choice of an implementation, made only here.
//!
//! The key types call these modules and no others. Another implementation has modules with the same
//! functions; the README of [`portable`](super::portable) states what they must guarantee.

pub(super) use super::portable::{ecdsa, eddsa, hmac, rsa};
