//! Facts about a request that only the proxy knows.

/// Facts about a request's connection and filter state. A host can withhold any of them; by default
/// it withholds all.
pub trait Connection {
    /// SHA-256 of the client's certificate on this connection (RFC 8705 section 3.1), from the TLS
    /// layer and never from a header.
    fn client_certificate_digest(&self) -> Option<[u8; 32]> {
        None
    }

    /// A value that another filter left in the filter state of this request; `None` if there is
    /// none with this name.
    ///
    /// # Errors
    /// If the host refuses.
    fn filter_state(&self, _name: &str) -> Result<Option<Vec<u8>>, Refused> {
        Ok(None)
    }
}

/// The host refused to return a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A connection without known facts: the client has no certificate, and the filter state is empty.
#[derive(Clone, Copy, Debug)]
pub struct NoConnection;

impl Connection for NoConnection {}
