//! Ed25519: the project's arithmetic agrees with that of `curve25519-dalek`.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::Scalar;
use portcullis_curves::ed25519::Key;

use crate::input::Input;

/// Checks a key or a signature. The input selects the secret and S, and also the hash, which no
/// signature could choose. So it can select special numbers: small numbers, powers of two, and
/// numbers that are computed from the key's secret.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    match input.octet() {
        0 => encoding(&input.octets()),
        _ => sums(&mut input),
    }
}

/// Checks that octets are a key if and only if they are the canonical encoding of a point that does
/// not have small order.
fn encoding(octets: &[u8; 32]) {
    let is_key = CompressedEdwardsY(*octets)
        .decompress()
        .is_some_and(|point| point.compress().0 == *octets && !point.is_small_order());
    assert_eq!(Key::new(octets).is_some(), is_key);
}

/// Checks a signature for which the verifier computes S·B - k·A. The key and its multiple by k can
/// have a component of small order. Then changes one octet of the hash or the signature, and checks
/// that the signature is refused.
fn sums(input: &mut Input<'_>) {
    let secret = scalar(input, &Scalar::ONE);
    let torsion = EIGHT_TORSION[usize::from(input.octet() & 7)];
    let point = ED25519_BASEPOINT_POINT * secret + torsion;
    let Some(key) = Key::new(&point.compress().0) else {
        assert!(point.is_small_order());
        return;
    };
    let (k, mut hash) = match input.octet() {
        0 => {
            let hash = input.octets();
            (Scalar::from_bytes_mod_order_wide(&hash), hash)
        }
        _ => {
            let k = scalar(input, &secret);
            let mut hash = [0; 64];
            hash[..32].copy_from_slice(k.as_bytes());
            (k, hash)
        }
    };
    let s = scalar(input, &(k * secret));
    let expected = ED25519_BASEPOINT_POINT * s - point * k;
    let (mut r, mut s) = (expected.compress().0, s.to_bytes());
    assert_eq!(key.verify(&hash, &r, &s), !expected.is_small_order());
    let [place, change] = input.octets();
    let octets: [&mut [u8]; 3] = [&mut hash, &mut r, &mut s];
    let changed = octets.into_iter().flatten().nth(usize::from(place & 127));
    if let (Some(octet), 1..) = (changed, change) {
        *octet ^= change;
        assert!(!key.verify(&hash, &r, &s));
    }
}

fn scalar(input: &mut Input<'_>, related: &Scalar) -> Scalar {
    let [kind, exponent] = input.octets();
    let small = Scalar::from(exponent);
    let power = (0..exponent).fold(Scalar::ONE, |power, _| power + power);
    match kind {
        0 => small,
        1 => -small,
        2 => power,
        3 => -power,
        4 => *related,
        5 => -related,
        6 => related + small,
        7 => small - related,
        _ => Scalar::from_bytes_mod_order(input.octets()),
    }
}
