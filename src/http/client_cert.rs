//! The header `Client-Cert`, in which a proxy forwards the client's certificate (RFC 9440 section
//! 2.2).

use crate::{certificate_digest::CertificateDigest, lenient_base64};

/// Returns the digest of the certificate. Returns `None` unless the header occurs exactly
/// once and its value is a non-empty byte sequence (`:base64:`). If the header occurs twice, the
/// client may have sent one of the two, so neither is used.
#[must_use]
pub fn digest<'a>(mut lines: impl Iterator<Item = &'a [u8]>) -> Option<CertificateDigest> {
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let encoded = line.trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
    // Padding may be missing in a byte sequence (RFC 8941 section 4.2.7).
    let certificate = lenient_base64::decode(encoded)?;
    (!certificate.is_empty()).then(|| CertificateDigest::of_der(&certificate))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use sha2::{Digest as _, Sha256};

    use super::*;

    fn sha256(octets: &[u8]) -> CertificateDigest {
        CertificateDigest::new(Sha256::digest(octets).into())
    }

    fn read(lines: &[&str]) -> Option<CertificateDigest> {
        digest(lines.iter().map(|line| line.as_bytes()))
    }

    #[test]
    fn one_byte_sequence_is_a_certificate() {
        let expected = sha256(&[0xfb, 0xff, 0]);
        for line in [":+/8A:", " :+/8A: "] {
            assert_eq!(read(&[line]), Some(expected), "{line}");
        }
        let abcd = sha256(b"abcd");
        for line in [":YWJjZA==:", ":YWJjZA:"] {
            assert_eq!(read(&[line]), Some(abcd), "{line}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for lines in [
            &[][..],
            &[""],
            &["::"],
            &[":"],
            &["YWJj"],
            &[":YWJj"],
            &["YWJj:"],
            &[":YWJj:;a=b"],
            &[":YWJj:, :YWJj:"],
            &[":YW Jj:"],
            &[":-_8A:"],
            &[":YWJjZB:"],
            &["\"YWJj\""],
            &[":YWJj:", ":YWJj:"],
            &["", ":YWJj:"],
        ] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
    }
}
