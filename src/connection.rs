//! Information that only the proxy has about a request.

/// Information about a request's connection and filter state. A host may implement only some of
/// these methods. The default implementations report no certificate and no filter state.
pub trait Connection {
    /// The SHA-256 digest of the peer's TLS certificate (RFC 8705 section 3.1). `None` if the peer
    /// has no certificate. An implementation must take the digest from the TLS layer, never from a
    /// header, which a client could forge.
    fn client_certificate_digest(&self) -> Option<[u8; 32]> {
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

/// The host refused to return the requested information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A connection without any information: the client has no certificate, and the filter state is
/// empty.
#[derive(Clone, Copy, Debug)]
pub struct NoConnection;

impl Connection for NoConnection {}

/// Parses a SHA-256 digest that is written as 64 hexadecimal digits.
#[must_use]
pub fn digest_from_hex(hex: &[u8]) -> Option<[u8; 32]> {
    let text = str::from_utf8(hex).ok().filter(|text| text.len() == 64)?;
    let mut digest = [0; 32];
    for (octet, digits) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = digits else { return None };
        let (high, low) = (
            char::from(high).to_digit(16)?,
            char::from(low).to_digit(16)?,
        );
        *octet = u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn parses_a_digest() {
        assert_eq!(digest_from_hex("0f".repeat(32).as_bytes()), Some([15; 32]));
        for hex in [
            "",
            "0f",
            &"0g".repeat(32),
            &"0f".repeat(33),
            &"+f".repeat(32),
        ] {
            assert_eq!(digest_from_hex(hex.as_bytes()), None, "{hex}");
        }
    }
}
