//! The digest that identifies a client certificate.

use sha2::{Digest as _, Sha256};

/// The SHA-256 digest of a certificate in DER (`x5t#S256`, RFC 8705 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateDigest([u8; 32]);

impl CertificateDigest {
    /// The digest with these octets.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Computes the digest of a certificate in DER.
    #[must_use]
    pub fn of_der(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    /// Parses a digest that is written as 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
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
        Some(Self(digest))
    }

    /// The octets of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn parses_a_digest() {
        assert_eq!(
            CertificateDigest::from_hex("0f".repeat(32).as_bytes()),
            Some(CertificateDigest::new([15; 32]))
        );
        for hex in [
            "",
            "0f",
            &"0g".repeat(32),
            &"0f".repeat(33),
            &"+f".repeat(32),
        ] {
            assert_eq!(CertificateDigest::from_hex(hex.as_bytes()), None, "{hex}");
        }
    }
}
