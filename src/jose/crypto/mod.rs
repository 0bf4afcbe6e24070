//! Signature verification, with one type for each kind of key.
//!
//! [`RsaKey`], [`EcKey`] and [`Ed25519Key`] are public keys; [`SecretKey`] is a shared secret. Each
//! type has a function that makes a key from its numbers and refuses malformed and weak keys. The
//! rules for admitting keys are only in this module, and apply to every implementation of the
//! arithmetic. [`key`](super::key) decides for which algorithms and tokens a key may be used.
//!
//! The module `arithmetic` selects the implementation. The types of the implementation are not part
//! of this module's interface. The only implementation is [`portable`], which runs on any machine,
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
