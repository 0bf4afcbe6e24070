//! Tests of signatures whose verification adds equal or opposite points, and of signatures whose r
//! or s is out of range.
//!
//! `tests/arithmetic/ecdsa.rs` has many more cases and compares the results with those of other
//! packages.

use crate::{lazy, saturated, verified};

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

/// Defines the tests of a curve. The crate `$curve` computes the expected points and scalars.
macro_rules! curve {
    ($curve:ident, [$($module:ident),+]::$key:ident, $octets:literal) => {
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

curve!(p256, [verified, saturated, lazy]::P256Key, 32);
curve!(p384, [verified, lazy]::P384Key, 48);
curve!(p521, [lazy]::P521Key, 66);
