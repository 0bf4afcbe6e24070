//! Headers with client certificates. In `x-forwarded-client-cert`, a client can write its own part
//! before the proxy's part. Whatever the client's part contains, no certificate is read from it.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use portcullis::{
    certificate_digest::CertificateDigest,
    http::{client_cert, xfcc},
};
use sha2::{Digest as _, Sha256};

/// The digest of the certificate in the proxy's part.
const PROXY: CertificateDigest = CertificateDigest::new([0xab; 32]);

/// Reads the input as the client's part of `x-forwarded-client-cert`, and as lines of the header
/// `Client-Cert`.
pub fn check(input: &[u8]) {
    let hash = "ab".repeat(32);
    for element in [
        format!("By=spiffe://a/b;Hash={hash};Subject=\"CN=a\""),
        format!("Hash={hash}"),
        format!("Hash={hash};Subject=\"\";URI=spiffe://a/c"),
    ] {
        let appended = [input, b",", element.as_bytes()].concat();
        for lines in [vec![&appended[..]], vec![input, element.as_bytes()]] {
            let found = xfcc::digest(lines.into_iter(), 1);
            assert!(found.is_none_or(|found| found == PROXY), "forged");
        }
    }
    let lines = || input.split(|octet| *octet == b'\n');
    for from_right in [0, 1, 2, usize::MAX] {
        let found = xfcc::digest(lines(), from_right);
        assert!(found.is_none() || from_right > 0);
    }
    if let Some(found) = client_cert::digest(lines()) {
        let text = str::from_utf8(input)
            .expect("a byte sequence is ASCII")
            .trim();
        let text = text.trim_matches(':').trim_end_matches('=');
        let octets = STANDARD_NO_PAD.decode(text).expect("not base64");
        let digest = Sha256::digest(octets).into();
        assert_eq!(found, CertificateDigest::new(digest));
    }
}
