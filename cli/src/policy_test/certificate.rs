//! The client certificate of a test.

use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis::{certificate_digest::CertificateDigest, jose::base64url};

/// The first line of a certificate in PEM.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// The length of a SHA-256 digest in base64url.
const DIGEST_LETTERS: usize = 43;

/// Why a string is neither a certificate nor a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadCertificate {
    /// The string is neither PEM nor a digest.
    Form,
    /// The string is the path of a file.
    Path,
    /// The string is a certificate in PEM, but its content is not base64.
    Pem,
    /// The string is a digest, but unused bits of its last character are set. No token can contain
    /// such a digest (RFC 4648 section 3.5).
    UnusedBits,
}

impl fmt::Display for BadCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Form => {
                "write a certificate in PEM, or its x5t#S256: the SHA-256 digest in 43 characters \
                 of base64url"
            }
            Self::Path => {
                "write the PEM text itself, not the path of a file: write \"certificate: |\" and \
                 the lines of the PEM text below it"
            }
            Self::Pem => "the lines of the PEM text are not base64; copy the certificate again",
            Self::UnusedBits => {
                "not a SHA-256 digest in base64url: the unused bits of the last character must be \
                 0, so the last character is one of AEIMQUYcgkosw048; copy the digest again"
            }
        })
    }
}

/// Returns the digest of a certificate in PEM. If the string is itself a digest, returns
/// that digest.
pub(super) fn digest(text: &str) -> Result<CertificateDigest, BadCertificate> {
    if text.contains(BEGIN) {
        return pem(text);
    }
    let text = text.trim();
    let octets = base64url::decode(text).and_then(|octets| octets.try_into().ok());
    let digest = octets.map(CertificateDigest::new);
    digest.ok_or_else(|| fault(text))
}

fn pem(text: &str) -> Result<CertificateDigest, BadCertificate> {
    let lines = text.lines().map(str::trim);
    let body: String = lines
        .skip_while(|line| *line != BEGIN)
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect();
    let der = STANDARD.decode(body).map_err(|_| BadCertificate::Pem)?;
    match der.is_empty() {
        true => Err(BadCertificate::Pem),
        false => Ok(CertificateDigest::of_der(&der)),
    }
}

fn fault(text: &str) -> BadCertificate {
    let is_base64url = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
    if text.len() == DIGEST_LETTERS && text.bytes().all(is_base64url) {
        return BadCertificate::UnusedBits;
    }
    match text.contains(['.', '/', '\\']) && !text.contains('\n') {
        true => BadCertificate::Path,
        false => BadCertificate::Form,
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// SHA-256 of "abc".
    const ABC: &str = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";

    #[test]
    fn the_digest_of_a_certificate_is_that_of_its_octets() {
        let digest_of_abc = CertificateDigest::new(Sha256::digest(b"abc").into());
        let pem = "-----BEGIN CERTIFICATE-----\nYW\nJj\n-----END CERTIFICATE-----\n";
        for text in [ABC, pem, &format!("subject=/CN=a\n{pem}")] {
            assert_eq!(digest(text), Ok(digest_of_abc), "{text}");
        }
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        let unused = format!("{}1", ABC.strip_suffix('0').unwrap());
        let hex = "ba7816bf".repeat(8);
        for (text, fault) in [
            ("c.pem", BadCertificate::Path),
            ("certs/client", BadCertificate::Path),
            ("C:\\client", BadCertificate::Path),
            (unused.as_str(), BadCertificate::UnusedBits),
            (hex.as_str(), BadCertificate::Form),
            ("", BadCertificate::Form),
            (
                "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----",
                BadCertificate::Pem,
            ),
            (
                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
                BadCertificate::Pem,
            ),
            ("-----BEGIN CERTIFICATE----- YWJj", BadCertificate::Pem),
        ] {
            assert_eq!(digest(text), Err(fault), "{text}");
        }
    }
}
