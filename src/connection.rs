//! What only the proxy knows of a request and its connection.

/// Facts about a request's connection and filter state. A host can withhold any of them; it says no
/// unless it says otherwise.
pub trait Connection {
    /// SHA-256 of the client's certificate on this connection (RFC 8705 section 3.1), from the TLS
    /// layer and never from a header.
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
}

/// The host refuses to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Nothing is known: no client has a certificate, and the filter state is empty.
#[derive(Clone, Copy, Debug)]
pub struct NoConnection;

impl Connection for NoConnection {}
