//! Arithmetic modulo the primes of the curves and modulo the orders of their base points.

pub(crate) mod compact;
pub(crate) mod fiat;
pub(crate) mod field;
pub(crate) mod inverse;
pub(crate) mod limbs;
pub(crate) mod number;
pub(crate) mod words;
