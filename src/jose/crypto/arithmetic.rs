//! The choice of an implementation: made here and nowhere else.
//!
//! The types of keys call these modules and name no other. Another implementation has modules with the
//! same functions; the README of [`portable`](super::portable) says what they
//! must guarantee.

pub(super) use super::portable::{ecdsa, eddsa, hmac, rsa};
