//! Arithmetic of the host's own.

use crate::jose::{Scheme, X509Signature};

/// Verifies signatures faster than this code does, with keys and signatures that were admitted here.
pub trait Accelerator {
    /// Whether it verifies signatures of this scheme. It is asked about no others.
    fn claims(&self, scheme: Scheme) -> bool;

    /// Whether a signature is good. An accelerator that parses keys keeps the parsed ones with
    /// [`X509Key::prepared`](crate::jose::X509Key::prepared).
    ///
    /// # Errors
    /// When it cannot tell.
    fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell>;
}

/// The accelerator has no such scheme, or the host refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotTell;
