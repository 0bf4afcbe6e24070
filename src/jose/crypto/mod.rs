//! Signature verification, with one type for each kind of key.
//!
//! [`RsaKey`], [`EcKey`] and [`Ed25519Key`] are public keys; [`SecretKey`] is a shared one. Each is
//! made from a key's numbers by a function that refuses wrong and weak ones, and can then verify.
//! So the rules of admission are written once, here, and hold for every implementation. Which
//! algorithms and tokens a key may verify is decided one level up, in [`key`](super::key).
//!
//! The arithmetic has its own folder, and its types are not part of this interface; `arithmetic`
//! chooses the implementation. [`portable`] runs on any machine, including WebAssembly.

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
