//! Signature verification, with one type for each kind of key.
//!
//! [`RsaKey`], [`EcKey`] and [`Ed25519Key`] are public keys; [`SecretKey`] is a shared secret. Each
//! type has a constructor that refuses malformed and weak keys. These checks are only in this
//! module, and apply to every implementation of the arithmetic. [`key`](super::key) decides which
//! algorithms and tokens a key may be used for.
//!
//! The module `arithmetic` selects the implementation. The key types do not expose the
//! implementation's types. The only implementation is [`portable`], which runs on any machine,
//! including WebAssembly.

mod arithmetic;
mod ec;
mod ed25519;
mod hmac;
pub mod portable;
mod rsa;

pub use self::ec::EcKey;
pub use self::ed25519::Ed25519Key;
pub use self::hmac::SecretKey;
pub use self::rsa::RsaKey;
