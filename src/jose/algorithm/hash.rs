//! The hashes of JOSE, and the algorithms that differ in nothing but their hash.

use hmac::EagerHash;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A hash of the SHA-2 family (FIPS 180-4).
pub trait Sha2: Digest + EagerHash {
    /// `alg` of HMAC with this hash (RFC 7518 section 3.2).
    const HMAC_NAME: &'static str;
    /// What precedes the hash in PKCS#1 v1.5, in DER (RFC 8017 section 9.2, note 1).
    const DIGEST_INFO: [u8; 19];
    /// `alg` of PKCS#1 v1.5 with this hash (RFC 7518 section 3.3).
    const PKCS1_NAME: &'static str;
    /// `alg` of PSS with this hash (RFC 7518 section 3.5).
    const PSS_NAME: &'static str;
}

impl Sha2 for Sha256 {
    const HMAC_NAME: &'static str = "HS256";
    const DIGEST_INFO: [u8; 19] = digest_info(1, 0x20);
    const PKCS1_NAME: &'static str = "RS256";
    const PSS_NAME: &'static str = "PS256";
}

impl Sha2 for Sha384 {
    const HMAC_NAME: &'static str = "HS384";
    const DIGEST_INFO: [u8; 19] = digest_info(2, 0x30);
    const PKCS1_NAME: &'static str = "RS384";
    const PSS_NAME: &'static str = "PS384";
}

impl Sha2 for Sha512 {
    const HMAC_NAME: &'static str = "HS512";
    const DIGEST_INFO: [u8; 19] = digest_info(3, 0x40);
    const PKCS1_NAME: &'static str = "RS512";
    const PSS_NAME: &'static str = "PS512";
}

/// The algorithm's number in its object identifier, 2.16.840.1.101.3.4.2 (RFC 8017 appendix B.1),
/// and the octets of its hash.
const fn digest_info(algorithm: u8, octets: u8) -> [u8; 19] {
    let inner = octets.saturating_add(17);
    [
        0x30, inner, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, algorithm, 5, 0, 4, octets,
    ]
}
