//! The few effects that the engine asks its host for.

use crate::jose::X509Signature;

/// What the engine needs from the proxy that it runs in. Each answer may be "no", since a host can
/// withhold any of them; that is also what a host answers unless it says otherwise.
pub trait Host {
    /// The value and version of an entry of the proxy's shared data; `None` when there is none or
    /// the host refuses.
    fn shared_data(&self, _key: &str) -> Option<SharedData> {
        None
    }

    /// Writes an entry of the proxy's shared data if it still stands as `expected`.
    ///
    /// # Errors
    /// When another worker wrote in between, or the host refuses.
    fn set_shared_data(
        &self,
        _key: &str,
        _value: &[u8],
        _expected: Expected,
    ) -> Result<(), SetSharedDataError> {
        Err(SetSharedDataError::Refused)
    }

    /// SHA-256 of the client's certificate on this connection (RFC 8705 §3.1), from the TLS layer
    /// and never from a header.
    fn client_certificate_digest(&self) -> Option<[u8; 32]> {
        None
    }

    /// What another filter has left in the filter state of this request; `None` where there is
    /// nothing of that name.
    ///
    /// # Errors
    /// When the host refuses.
    fn filter_state(&self, _name: &str) -> Result<Option<Vec<u8>>, Refused> {
        Ok(None)
    }

    /// Whether a signature is good, by the host's own arithmetic.
    ///
    /// # Errors
    /// When the host cannot tell.
    fn verify_signature(&self, _signature: &X509Signature<'_>) -> Result<bool, Refused> {
        Err(Refused)
    }
}

/// The host refuses to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// An entry of the proxy's shared data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedData {
    /// The value.
    pub value: Vec<u8>,
    /// Its version; changes with each write.
    pub version: u32,
}

/// What a write to shared data expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No entry.
    Absent,
    /// The entry of this version.
    Version(u32),
}

/// Why a write to shared data did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetSharedDataError {
    /// Another worker wrote in between.
    Changed,
    /// The host refuses.
    Refused,
}

/// No host at all: nothing is shared, and no client has a certificate. For the command line and for
/// tests.
#[derive(Clone, Copy, Debug)]
pub struct NoHost;

impl Host for NoHost {}
