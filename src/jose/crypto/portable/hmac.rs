//! HMAC (RFC 2104), computed by the crate `hmac`.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use crate::jose::algorithm::Hash;

/// Returns true if `tag` is the HMAC of `message`. The tag is compared as a whole, in constant
/// time.
pub(crate) fn verify(hash: Hash, secret: &[u8], message: &[u8], tag: &[u8]) -> bool {
    match hash {
        Hash::Sha256 => verify_with::<Sha256>(secret, message, tag),
        Hash::Sha384 => verify_with::<Sha384>(secret, message, tag),
        Hash::Sha512 => verify_with::<Sha512>(secret, message, tag),
    }
}

fn verify_with<D: EagerHash>(secret: &[u8], message: &[u8], tag: &[u8]) -> bool {
    // HMAC accepts a key of any length (RFC 2104 section 2), so this does not fail.
    Hmac::<D>::new_from_slice(secret)
        .is_ok_and(|hmac| hmac.chain_update(message).verify_slice(tag).is_ok())
}
