//! The interface to an implementation of signature verification in the host.

use crate::jose::{Scheme, X509Signature};

/// Verifies signatures faster than the core. The core has already validated the form of the keys
/// and signatures that it passes here.
pub trait Accelerator {
    /// Returns true if the accelerator verifies signatures of this scheme. [`verify`](Self::verify)
    /// is not called for other schemes.
    fn claims(&self, scheme: Scheme) -> bool;

    /// Whether a signature is good. An accelerator that parses keys can keep the parsed form with
    /// [`X509Key::prepared`](crate::jose::X509Key::prepared).
    ///
    /// # Errors
    /// If the accelerator cannot tell.
    fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell>;
}

/// The accelerator does not have the scheme, or the host refused the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotTell;
