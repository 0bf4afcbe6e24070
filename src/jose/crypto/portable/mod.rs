#![doc = include_str!("README.md")]

pub(crate) mod ecdsa;
pub(crate) mod eddsa;
mod hash;
pub(crate) mod hmac;
pub mod modexp;
mod padding;
pub(crate) mod rsa;
