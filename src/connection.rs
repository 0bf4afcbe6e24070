//! Information that only the proxy has about a request.

use crate::certificate_digest::CertificateDigest;

/// Information about a request's connection and filter state. A host may implement only some of
/// these methods. The default implementations report no certificate and no filter state.
pub trait Connection {
    /// The digest of the peer's TLS certificate. `None` if the peer has no certificate. An
    /// implementation must take the digest from the TLS layer, never from a header, which a client
    /// could forge.
    fn client_certificate_digest(&self) -> Option<CertificateDigest> {
        None
    }

    /// A name in the peer's TLS certificate. `None` if the certificate has no such name. Do not
    /// assume that the certificate is trustworthy: the listener's configuration decides whether the
    /// proxy validates certificates.
    fn peer_name(&self, _kind: PeerName) -> Option<String> {
        None
    }

    /// Reads an entry that another filter wrote to the filter state of this request. Returns `None`
    /// if there is no entry with this name.
    ///
    /// # Errors
    /// Returns [`Refused`] if the host does not give access to the filter state.
    fn filter_state(&self, _name: &str) -> Result<Option<Vec<u8>>, Refused> {
        Ok(None)
    }
}

/// The kind of a name in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerName {
    /// The first DNS name among the certificate's subject alternative names.
    DnsSan,
    /// The subject of the certificate, in the format of RFC 2253.
    Subject,
    /// The first URI among the certificate's subject alternative names.
    UriSan,
}

/// The error of an operation that the host refused or does not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A connection without any information: the client has no certificate, and the filter state is
/// empty.
#[derive(Clone, Copy, Debug)]
pub struct NoConnection;

impl Connection for NoConnection {}
