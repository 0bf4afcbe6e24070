//! The interface to an accelerator, which verifies signatures for Portcullis.

use crate::jose::{Scheme, X509Signature};

/// Host code that verifies signatures faster than Portcullis itself. Portcullis validates keys and
/// signatures before it passes them to an accelerator.
pub trait Accelerator {
    /// Returns true if the accelerator can verify signatures of this scheme.
    /// [`verify`](Self::verify) is not called for other schemes.
    fn supports(&self, scheme: Scheme) -> bool;

    /// Returns true if a signature is valid. An accelerator that parses keys can store the parsed
    /// key in [`X509Key::prepared`](crate::jose::X509Key::prepared).
    ///
    /// # Errors
    /// [`CannotTell`] if the accelerator cannot decide. Portcullis then verifies the signature
    /// itself.
    fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell>;
}

/// The accelerator could not decide: it does not support the scheme, or the host refused the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotTell;
