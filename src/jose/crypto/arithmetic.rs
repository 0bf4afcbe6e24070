//! Selects the implementation of the arithmetic. This is the only module that does so.
//!
//! The key types call the arithmetic only through the modules named here. Another implementation
//! must offer the same modules with the same functions. The README of [`portable`](super::portable)
//! states what these functions must guarantee.

pub(super) use super::portable::{ecdsa, eddsa, hmac, rsa};
