//! Compares the project's Ed25519 verification with the strict verification of `ed25519-dalek`.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::Signature;
use portcullis::jose::{Algorithm, KeyNumbers, VerifyingKey};
use sha2::{Digest as _, Sha512};

use crate::Random;
use support::times::times;

/// The order of the base point B, little-endian (RFC 8032 section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// In some signatures, the key or R has a component of small order. Verification that multiplies by
/// the cofactor would accept more of these signatures than strict verification does. In some
/// signatures, a bit is changed, or L (the order of the base point) is added to S.
#[test]
fn verdicts_are_those_of_strict_verification() {
    let mut random = Random(25519);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..times(150) {
        let secret = if random.below(10) == 0 {
            Scalar::ZERO
        } else {
            scalar(&mut random)
        };
        let key = ED25519_BASEPOINT_POINT * secret + torsion(&mut random);
        for _ in 0..8 {
            let message: [u8; 24] = random.octets();
            let mut signature = sign(&mut random, &secret, &key, &message);
            match random.below(6) {
                0 => signature[usize::try_from(random.below(64)).unwrap()] ^= 1 << random.below(8),
                1 => add_order(&mut signature),
                _ => {}
            }
            let octets = key.compress().0;
            let verdict = VerifyingKey::from_numbers(KeyNumbers::Ed25519 { x: &octets })
                .is_ok_and(|key| key.verify(Algorithm::EdDsa, &message, &signature));
            let strict = ed25519_dalek::VerifyingKey::from_bytes(&octets).unwrap();
            let expected = strict
                .verify_strict(&message, &Signature::from_bytes(&signature))
                .is_ok();
            assert_eq!(verdict, expected, "{octets:?} {message:?} {signature:?}");
            accepted += u64::from(verdict);
            refused += u64::from(!verdict);
        }
    }
    assert!(accepted > 200 && refused > 200, "{accepted} {refused}");
}

/// Compares with `curve25519-dalek` which octets are keys. Many of the octets are near p, or encode
/// a point.
#[test]
fn keys_are_canonical_points_that_do_not_have_small_order() {
    let mut random = Random(8032);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..times(2000) {
        let mut octets: [u8; 32] = random.octets();
        match random.below(4) {
            0 => octets[1..31].fill(0xff),
            1 => {
                let point = ED25519_BASEPOINT_POINT * scalar(&mut random);
                octets = (point + torsion(&mut random)).compress().0;
            }
            _ => {}
        }
        let verdict = VerifyingKey::from_numbers(KeyNumbers::Ed25519 { x: &octets }).is_ok();
        let expected = CompressedEdwardsY(octets)
            .decompress()
            .is_some_and(|point| point.compress().0 == octets && !point.is_small_order());
        assert_eq!(verdict, expected, "{octets:?}");
        accepted += u64::from(verdict);
        refused += u64::from(!verdict);
    }
    assert!(accepted > 200 && refused > 200, "{accepted} {refused}");
}

/// A random scalar. Sometimes a small scalar or a power of two, or the opposite of such a scalar.
fn scalar(random: &mut Random) -> Scalar {
    let small = Scalar::from(random.below(4));
    let power = (0..random.below(252)).fold(Scalar::ONE, |power, _| power + power);
    match random.below(12) {
        0 => small,
        1 => -small,
        2 => power,
        3 => -power,
        _ => Scalar::from_bytes_mod_order(random.octets()),
    }
}

/// A random point of small order. More than half of the time, it is the identity.
fn torsion(random: &mut Random) -> EdwardsPoint {
    let number = random.below(2) * random.below(8);
    EIGHT_TORSION[usize::try_from(number).unwrap()]
}

fn sign(random: &mut Random, secret: &Scalar, key: &EdwardsPoint, message: &[u8]) -> [u8; 64] {
    let r = if random.below(10) == 0 {
        Scalar::ZERO
    } else {
        scalar(random)
    };
    let point = (ED25519_BASEPOINT_POINT * r + torsion(random)).compress();
    let hash = Sha512::new()
        .chain_update(point.as_bytes())
        .chain_update(key.compress().as_bytes())
        .chain_update(message)
        .finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(point.as_bytes());
    signature[32..].copy_from_slice((r + k * secret).as_bytes());
    signature
}

/// Adds L to S, which leaves S modulo L unchanged.
fn add_order(signature: &mut [u8; 64]) {
    let mut carry = 0_u16;
    for (octet, order) in signature[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*octet) + u16::from(order);
        *octet = carry.to_le_bytes()[0];
        carry >>= 8;
    }
}
