//! Signatures: one type for each kind of key.
//!
//! [`RsaKey`], [`EcKey`] and [`Ed25519Key`] are public keys, [`SecretKey`] is a shared one. Each is made
//! from a key's numbers by a function that refuses bad and weak ones; the key that it returns can verify.
//! So the rules of admission are written once, here, and hold for every implementation. Which
//! algorithms and tokens a key serves is decided above ([`key`](super::key)).
//!
//! The arithmetic is in a folder of its own, whose types do not show here; `arithmetic` chooses it.
//! [`portable`] is the one for any machine, WebAssembly among them.

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
