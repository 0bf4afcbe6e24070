//! ECDSA: all ECDSA implementations in this project agree with the RustCrypto crate for the same
//! curve, such as `p256`.

use crate::input::Input;

/// Checks a key or a signature. The first octet selects the curve.
///
/// With random signatures, the verifier would rarely add equal or opposite points, or reach the
/// point at infinity. So the input can also select special numbers: small numbers, powers of two,
/// and numbers that are computed from the key's secret.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    match input.octet() % 3 {
        0 => on_p256::check(&mut input),
        1 => on_p384::check(&mut input),
        _ => on_p521::check(&mut input),
    }
}

macro_rules! curve {
    ($name:ident, $curve:ident, [$($module:ident),+]::$key:ident, $octets:literal) => {
        mod $name {
            use $curve::ecdsa::signature::hazmat::PrehashVerifier as _;
            use $curve::ecdsa::{Signature, VerifyingKey};
            use $curve::elliptic_curve::PrimeField as _;
            use $curve::elliptic_curve::group::Group as _;
            use $curve::elliptic_curve::ops::Reduce as _;
            use $curve::elliptic_curve::point::AffineCoordinates as _;
            use $curve::elliptic_curve::sec1::ToSec1Point as _;
            use $curve::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

            use portcullis_curves::{$($module),+};

            use super::Input;

            pub(super) fn check(input: &mut Input<'_>) {
                match input.octet() {
                    0 => coordinates(&input.octets(), &input.octets()),
                    _ => sums(input),
                }
            }

            /// Checks that a key is accepted if and only if its point is on the curve.
            fn coordinates(x: &[u8; $octets], y: &[u8; $octets]) {
                let (x_bytes, y_bytes) = (FieldBytes::from(*x), FieldBytes::from(*y));
                let theirs = AffinePoint::from_coordinates(&x_bytes, &y_bytes);
                let is_point = bool::from(theirs.is_some());
                $(assert_eq!($module::$key::new(x, y).is_some(), is_point);)+
            }

            /// Checks a signature for which the verifier computes u1·G + u2·Q, where u1, u2 and the
            /// secret of the key Q come from the input. Then changes one octet of the digest or the
            /// signature, and checks again.
            fn sums(input: &mut Input<'_>) {
                let secret = scalar(input, &Scalar::ONE);
                let u2 = scalar(input, &secret);
                let u1 = scalar(input, &(u2 * secret));
                let key = ProjectivePoint::GENERATOR * secret;
                let (false, Some(inverse)) = (key.is_identity().into(), u2.invert().into_option())
                else {
                    return;
                };
                let sum = ProjectivePoint::GENERATOR * u1 + key * u2;
                let r = if bool::from(sum.is_identity()) {
                    scalar(input, &secret)
                } else {
                    Scalar::reduce(&sum.to_affine().x())
                };
                let s = r * inverse;
                let mut digest: [u8; $octets] = (u1 * s).to_repr().into();
                let mut signature = [r.to_repr(), s.to_repr()].concat();
                verdict(&key.to_affine(), &digest, &signature);
                let [place, change] = input.octets().map(usize::from);
                let octets: [&mut [u8]; 2] = [&mut digest[..], &mut signature];
                let changed = octets.into_iter().flatten().nth(place);
                if let Some(octet) = changed {
                    *octet ^= u8::try_from(change).unwrap_or_default();
                }
                // For P-521, only the lowest 521 bits of the digest are kept, because the crate
                // `p521` ignores the higher bits.
                digest[0] &= if $octets == 66 { 1 } else { 0xff };
                verdict(&key.to_affine(), &digest, &signature);
            }

            fn verdict(key: &AffinePoint, digest: &[u8], signature: &[u8]) {
                let encoded = key.to_sec1_point(false);
                let (x, y) = encoded.as_bytes()[1..].split_at($octets);
                let theirs = VerifyingKey::from_affine(*key).expect("no key");
                let theirs = Signature::from_slice(signature)
                    .is_ok_and(|parsed| theirs.verify_prehash(digest, &parsed).is_ok());
                $(
                    let ours = $module::$key::new(x, y).expect("no key");
                    assert_eq!(ours.verify(digest, signature), theirs);
                    assert_eq!(ours.verify_without_table(digest, signature), theirs);
                )+
            }

            fn scalar(input: &mut Input<'_>, related: &Scalar) -> Scalar {
                let [kind, exponent] = input.octets();
                let small = Scalar::from(u64::from(exponent));
                let power = |exponent| (0..exponent).fold(Scalar::ONE, |power, _| power.double());
                match kind {
                    0 => small,
                    1 => -small,
                    2 => power(u16::from(exponent)),
                    3 => -power(2 * u16::from(exponent)),
                    4 => *related,
                    5 => -*related,
                    6 => *related + small,
                    7 => small - related,
                    _ => {
                        let mut octets = input.octets::<$octets>();
                        // For P-521, the number stays below 2^520.
                        octets[0] &= if $octets == 66 { 0 } else { 0xff };
                        Scalar::reduce(&FieldBytes::from(octets))
                    }
                }
            }
        }
    };
}

curve!(on_p256, p256, [verified, saturated, lazy]::P256Key, 32);
curve!(on_p384, p384, [verified, lazy]::P384Key, 48);
curve!(on_p521, p521, [lazy]::P521Key, 66);
