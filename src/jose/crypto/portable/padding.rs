//! The two encodings of a message in RSA signatures: PKCS#1 v1.5 and PSS (RFC 8017 section 9).
//!
//! A PKCS#1 v1.5 encoding is not parsed. Instead, the expected encoding is built and compared. So
//! an encoding is refused if a NULL is missing, if a length is overlong, or if octets follow the
//! hash. Bleichenbacher's forgery for keys with `e` = 3 worked against verifiers that parse the
//! padding. A PSS encoding is accepted only if MGF1 uses the message's hash and the salt is as long
//! as the digest (RFC 7518 section 3.5).

use super::hash::{digest, digest_info};
use crate::jose::algorithm::Hash;

/// The minimum length of the padding of PKCS#1 v1.5, in octets (RFC 8017 section 9.2, step 3).
const MIN_PADDING: usize = 8;
/// The last octet of a PSS encoding (RFC 8017 section 9.1.2, step 4).
const TRAILER: u8 = 0xbc;

/// Returns true if `encoded` is the EMSA-PKCS1-v1_5 encoding of `message` (RFC 8017 section 9.2).
pub(super) fn is_pkcs1(encoded: &[u8], hash: Hash, message: &[u8]) -> bool {
    let digest = digest(hash, &[message]);
    let around_padding = [&[0][..], &digest_info(hash), &digest].concat();
    let padding = encoded.len().saturating_sub(around_padding.len());
    let padding = padding.saturating_sub(2);
    padding >= MIN_PADDING
        && [&[0, 1][..], &vec![0xff; padding], &around_padding].concat() == encoded
}

/// Returns true if `encoded` is an EMSA-PSS encoding of `message` (RFC 8017 section 9.1.2).
/// `encoded` must be as long as a modulus of `modulus_bits` bits.
pub(super) fn is_pss(encoded: &[u8], modulus_bits: usize, hash: Hash, message: &[u8]) -> bool {
    let hashed = digest(hash, &[message]);
    is_pss_of_digest(encoded, modulus_bits, hash, &hashed).unwrap_or(false)
}

/// Checks a PSS encoding of a message whose digest is `hashed`. Returns `None` if the encoding is
/// too short to contain its parts (RFC 8017 section 9.1.2, step 3).
fn is_pss_of_digest(
    encoded: &[u8],
    modulus_bits: usize,
    hash: Hash,
    hashed: &[u8],
) -> Option<bool> {
    // The encoding has one bit fewer than the modulus, so that its value is below the modulus. If
    // this makes the encoding one octet shorter than the modulus, `encoded` has an additional first
    // octet, which must be zero (RFC 8017 section 8.1.2, step 2c).
    let bits = modulus_bits.checked_sub(1)?;
    let octets = bits.div_ceil(8);
    let (before, encoded) = encoded.split_at_checked(encoded.len().checked_sub(octets)?)?;
    let used_of_first = match u32::try_from(bits & 7) {
        Ok(bits @ 1..) => !(0xff_u8.checked_shl(bits)?),
        _ => 0xff,
    };
    let (trailer, encoded) = encoded.split_last()?;
    let (masked, expected) = encoded.split_at_checked(encoded.len().checked_sub(hashed.len())?)?;
    if before.iter().any(|octet| *octet != 0)
        || *trailer != TRAILER
        || masked.first()? & !used_of_first != 0
    {
        return Some(false);
    }
    let mut block = masked.to_vec();
    unmask(&mut block, expected, hash);
    *block.first_mut()? &= used_of_first;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(hashed.len())?)?;
    let (separator, zeros) = padding.split_last()?;
    Some(
        zeros.iter().all(|octet| *octet == 0)
            && *separator == 1
            && digest(hash, &[&[0; 8], hashed, salt]) == expected,
    )
}

/// XORs `block` with MGF1 of `seed` (RFC 8017 appendix B.2.1).
fn unmask(block: &mut [u8], seed: &[u8], hash: Hash) {
    for (counter, part) in (0_u32..).zip(block.chunks_mut(seed.len())) {
        let mask = digest(hash, &[seed, &counter.to_be_bytes()]);
        for (octet, mask) in part.iter_mut().zip(mask) {
            *octet ^= mask;
        }
    }
}
