//! Arithmetic of the host's own.

use crate::jose::X509Signature;

/// Verifies signatures faster than this code does, with keys and signatures that were admitted here.
pub trait Accelerator {
    /// Whether a signature is good.
    ///
    /// # Errors
    /// When it cannot tell.
    fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell>;
}

/// The accelerator has no such scheme, or the host refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotTell;
