//! The interface to an implementation of signatures that the host provides.

use crate::jose::{Scheme, X509Signature};

/// Verifies signatures faster than the core. It only gets keys and signatures that were admitted
/// here.
pub trait Accelerator {
    /// Whether it verifies signatures of this scheme. It is asked about no other.
    fn claims(&self, scheme: Scheme) -> bool;

    /// Whether a signature is good. An accelerator that parses keys keeps the parsed form with
    /// [`X509Key::prepared`](crate::jose::X509Key::prepared).
    ///
    /// # Errors
    /// If it cannot tell.
    fn verify(&self, signature: &X509Signature<'_>) -> Result<bool, CannotTell>;
}

/// The accelerator does not have the scheme, or the host refused the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotTell;
