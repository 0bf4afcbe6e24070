//! Tests of the table of the base point, of signatures whose verification adds equal or opposite
//! points, and of signatures whose r or s is out of range.
//!
//! `tests/arithmetic/ecdsa.rs` has many more cases and compares the results with those of other
//! packages.

use super::{lazy, saturated, verified};
use crate::arithmetic::{fiat, limbs, number, words};
use crate::ecdsa::curve::{Curve, TableField, compact};
use crate::ecdsa::point::Affine;

/// Verifies a signature with the key type of each module, with and without a table of points.
/// Asserts that all results agree.
macro_rules! verdict {
    ([$($module:ident),+]::$key:ident, $x:expr, $y:expr, $digest:expr, $signature:expr) => {{
        let verdicts = [$({
            let key = $module::$key::new($x, $y).unwrap();
            let with_table = key.verify($digest, $signature);
            assert_eq!(key.verify_without_table($digest, $signature), with_table);
            with_table
        }),+];
        assert!(verdicts.windows(2).all(|pair| pair[0] == pair[1]), "{verdicts:?}");
        verdicts[0]
    }};
}

/// Returns true if the table of the base point consists of the entries with these coordinates.
fn is_base_table<F: TableField<N>, const N: usize>(expected: &[Vec<[Vec<u8>; 2]>]) -> bool {
    let blocks = F::table_of_base_point().unwrap().blocks();
    let is_entry = |(entry, expected): (&Affine<F>, &[Vec<u8>; 2])| {
        let [x, y] = expected
            .each_ref()
            .map(|octets| F::new(&number::read(octets).unwrap()));
        entry.x.minus(&x).is_zero() && entry.y.minus(&y).is_zero()
    };
    let is_block = |(block, expected): (&Vec<Affine<F>>, &Vec<[Vec<u8>; 2]>)| {
        block.len() == expected.len() && block.iter().zip(expected).all(is_entry)
    };
    blocks.len() == expected.len() && blocks.iter().zip(expected).all(is_block)
}

/// Defines the tests of a curve. The crate `$curve` computes the expected points and scalars.
macro_rules! curve {
    (
        $curve:ident, [$($field:ident),+]::$name:ident, [$($module:ident),+]::$key:ident,
        $octets:literal, $bits:literal
    ) => {
        mod $curve {
            #[cfg(target_arch = "wasm32")]
            use wasm_bindgen_test::wasm_bindgen_test as test;

            use ::$curve::elliptic_curve::PrimeField as _;
            use ::$curve::elliptic_curve::group::Group as _;
            use ::$curve::elliptic_curve::ops::Reduce as _;
            use ::$curve::elliptic_curve::sec1::ToSec1Point as _;
            use ::$curve::{FieldBytes, ProjectivePoint, Scalar};

            use super::*;

            fn octets(scalar: &Scalar) -> Vec<u8> {
                scalar.to_repr().to_vec()
            }

            fn coordinates(point: &ProjectivePoint) -> [Vec<u8>; 2] {
                let point = point.to_affine().to_sec1_point(false);
                let (x, y) = point.as_bytes()[1..].split_at($octets);
                [x.to_vec(), y.to_vec()]
            }

            /// A scalar with no special relation to the other scalars in the tests.
            fn arbitrary() -> Scalar {
                let octets: [u8; $octets] = std::array::from_fn(|place| {
                    u8::try_from(place)
                        .unwrap()
                        .wrapping_mul(73)
                        .wrapping_add(0x4b)
                });
                Scalar::reduce(&FieldBytes::from(octets))
            }

            /// Makes a signature for which the verifier computes u1·G + u2·Q, and verifies it. The
            /// signature must be valid unless this sum is the point at infinity. With another
            /// digest, the same signature must be refused.
            fn compare(secret: Scalar, u1: Scalar, u2: Scalar) {
                let key = ProjectivePoint::GENERATOR * secret;
                let [x, y] = coordinates(&key);
                let sum = ProjectivePoint::GENERATOR * u1 + key * u2;
                let is_finite = !bool::from(sum.is_identity());
                let r = if is_finite {
                    let [x, _] = coordinates(&sum);
                    Scalar::reduce(&FieldBytes::try_from(&x[..]).unwrap())
                } else {
                    arbitrary()
                };
                let s = r * u2.invert().unwrap();
                let signature = [octets(&r), octets(&s)].concat();
                let digest = octets(&(u1 * s));
                let verdict = verdict!([$($module),+]::$key, &x, &y, &digest, &signature);
                assert_eq!(verdict, is_finite, "{secret:?} {u1:?} {u2:?}");
                let forged = octets(&(u1 * s + Scalar::ONE));
                assert!(!verdict!([$($module),+]::$key, &x, &y, &forged, &signature));
            }

            /// Also proves that building a table never adds equal or opposite points. Building adds
            /// the same multiples of every point, and all points have the same prime order.
            #[test]
            fn entries_are_sums_of_signed_multiples() {
                let next = |power: &ProjectivePoint| {
                    Some((0..8).fold(*power, |power, _| power.double()))
                };
                let first = ProjectivePoint::GENERATOR;
                let powers = std::iter::successors(Some(first), next).take($bits / 8);
                let powers: Vec<_> = powers.collect();
                let blocks = compact::$name::NUMBERS.comb_blocks;
                let block = |block| {
                    let teeth: Vec<_> = powers.iter().skip(block).step_by(blocks).collect();
                    let (highest, others) = teeth.split_last().unwrap();
                    let entry = |place: usize| {
                        let others = others.iter().enumerate();
                        let sum = others.fold(**highest, |sum, (tooth, power)| {
                            if place >> tooth & 1 == 1 { sum + *power } else { sum - *power }
                        });
                        coordinates(&sum)
                    };
                    (0..1 << others.len()).map(entry).collect()
                };
                let expected: Vec<_> = (0..blocks).map(block).collect();
                $(assert!(is_base_table::<$field::$name, _>(&expected));)+
            }

            /// Some of the scalars are 0, 1, -1 or powers of two. The digits of the others are all
            /// -1, all but one -1, or those of the largest w.
            #[test]
            fn extreme_scalars() {
                let one = Scalar::ONE;
                let power = |exponent: u32| (0..exponent).fold(one, |power, _| power.double());
                let of_digits = |w: Scalar| w.double() + one - power($bits);
                let scalars = [
                    one,
                    -one,
                    power(8),
                    power(131),
                    power($bits - 1),
                    of_digits(Scalar::ZERO),
                    of_digits(one),
                    of_digits(power($octets * 8 - 9)),
                    of_digits(-one),
                ];
                for u2 in scalars {
                    for u1 in scalars.into_iter().chain([Scalar::ZERO]) {
                        compare(arbitrary(), u1, u2);
                    }
                }
            }

            /// With Q = G and u1 = u2, each entry of G's table is added to itself. With Q = -G and
            /// u1 = u2, the sum is the point at infinity.
            #[test]
            fn equal_and_opposite_points() {
                let two = Scalar::ONE.double();
                let eight = Scalar::from(256_u64);
                for secret in [Scalar::ONE, two, two.invert().unwrap(), eight] {
                    for secret in [secret, -secret] {
                        for u2 in [Scalar::ONE, two, arbitrary()] {
                            for u1 in [u2, u2 * secret, -u2 * secret, Scalar::ZERO] {
                                compare(secret, u1, u2);
                            }
                        }
                    }
                }
            }

            #[test]
            fn ordinary_signatures() {
                let mut u1 = arbitrary();
                for _ in 0..10 {
                    let u2 = u1.square();
                    compare(arbitrary(), u1, u2);
                    u1 = u2 + Scalar::ONE;
                }
            }

            #[test]
            fn numbers_out_of_range() {
                let [x, y] = coordinates(&ProjectivePoint::GENERATOR);
                let zero = [0; $octets];
                let one = octets(&Scalar::ONE);
                let mut order = octets(&-Scalar::ONE);
                *order.last_mut().unwrap() += 1;
                let last = octets(&-Scalar::ONE);
                for good in [&one, &last] {
                    assert!(lazy::$key::is_in_range(&[&one[..], good].concat()));
                    assert!(lazy::$key::is_in_range(&[good, &one[..]].concat()));
                    for bad in [&zero[..], &order, &[0xff; $octets]] {
                        for signature in [[bad, good].concat(), [good, bad].concat()] {
                            assert!(!lazy::$key::is_in_range(&signature));
                            assert!(!verdict!([$($module),+]::$key, &x, &y, &zero, &signature));
                        }
                    }
                }
                for length in [0, 1, $octets, 2 * $octets - 1, 2 * $octets + 1, 4 * $octets] {
                    assert!(!lazy::$key::is_in_range(&vec![1; length]));
                }
            }

            #[test]
            fn a_key_is_a_point_of_the_curve() {
                let [x, y] = coordinates(&(ProjectivePoint::GENERATOR * arbitrary()));
                $(assert!($module::$key::new(&x, &y).is_some());)+
                let mut other = y.clone();
                other[$octets - 1] ^= 1;
                let (zero, ones) = ([0; $octets], [0xff; $octets]);
                let long = [&[0], &x[..]].concat();
                for (x, y) in [
                    (&x[..], &other[..]),
                    (&y, &x),
                    (&zero, &zero),
                    (&ones, &y),
                    (&x, &ones),
                    (&long, &y),
                    (&x[1..], &y),
                ] {
                    $(assert!($module::$key::new(x, y).is_none());)+
                }
            }
        }
    };
}

curve!(p256, [fiat, words, limbs]::P256, [verified, saturated, lazy]::P256Key, 32, 264);
curve!(p384, [fiat, limbs]::P384, [verified, lazy]::P384Key, 48, 384);
curve!(p521, [limbs]::P521, [lazy]::P521Key, 66, 576);
