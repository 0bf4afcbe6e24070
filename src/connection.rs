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

/// Parses a digest that a host writes as 64 hexadecimal digits.
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
