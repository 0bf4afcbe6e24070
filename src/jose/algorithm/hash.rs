//! The hashes of JOSE, and the algorithms that differ in nothing but their hash.

use hmac::EagerHash;
use sha2::digest::{FixedOutputReset, const_oid::AssociatedOid};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A hash of the SHA-2 family (FIPS 180-4).
pub trait Sha2: Digest + EagerHash + FixedOutputReset + AssociatedOid {
    /// `alg` of HMAC with this hash (RFC 7518 section 3.2).
    const HMAC_NAME: &'static str;
    /// `alg` of PKCS#1 v1.5 with this hash (RFC 7518 section 3.3).
    const PKCS1_NAME: &'static str;
    /// `alg` of PSS with this hash (RFC 7518 section 3.5).
    const PSS_NAME: &'static str;
}

impl Sha2 for Sha256 {
    const HMAC_NAME: &'static str = "HS256";
    const PKCS1_NAME: &'static str = "RS256";
    const PSS_NAME: &'static str = "PS256";
}

impl Sha2 for Sha384 {
    const HMAC_NAME: &'static str = "HS384";
    const PKCS1_NAME: &'static str = "RS384";
    const PSS_NAME: &'static str = "PS384";
}

impl Sha2 for Sha512 {
    const HMAC_NAME: &'static str = "HS512";
    const PKCS1_NAME: &'static str = "RS512";
    const PSS_NAME: &'static str = "PS512";
}
