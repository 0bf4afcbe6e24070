//! Compares the verdicts of `portcullis_curves` with those of the crates `p256`, `p384` and `p521`,
//! and with those of AWS-LC.
//!
//! `portcullis_curves` has several implementations of field arithmetic: a formally verified one
//! (`verified`), a faster one for native builds (`saturated`, only for P-256), and one for
//! WebAssembly (`lazy`). Each signature is verified with all of them. Some signatures are also
//! verified without the table of multiples that speeds verification up.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    EcdsaVerificationAlgorithm, UnparsedPublicKey,
};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::Random;
use support::times::times;

/// Defines the tests for a curve.
macro_rules! curve {
    (
        $curve:ident, [$($module:ident),+]::$key:ident, $octets:literal, $hash:ident, $aws:ident
    ) => {
        mod $curve {
            use ::$curve::ecdsa::signature::hazmat::PrehashVerifier as _;
            use ::$curve::ecdsa::{Signature, VerifyingKey};
            use ::$curve::elliptic_curve::PrimeField as _;
            use ::$curve::elliptic_curve::group::Group as _;
            use ::$curve::elliptic_curve::ops::Reduce as _;
            use ::$curve::elliptic_curve::sec1::ToSec1Point as _;
            use ::$curve::{FieldBytes, ProjectivePoint, Scalar};
            use portcullis_curves::{$($module),+};

            use super::*;

            /// A key, in the form that each implementation needs.
            struct Key {
                point: ProjectivePoint,
                theirs: VerifyingKey,
                $($module: $module::$key,)+
            }

            impl Key {
                fn new(point: ProjectivePoint) -> Self {
                    let encoded = point.to_affine().to_sec1_point(false);
                    let (x, y) = encoded.as_bytes()[1..].split_at($octets);
                    Self {
                        point,
                        theirs: VerifyingKey::from_affine(point.to_affine()).unwrap(),
                        $($module: $module::$key::new(x, y).unwrap(),)+
                    }
                }

                /// The verdict on a signature. All implementations must agree.
                fn verdict(&self, digest: &[u8], signature: &[u8]) -> bool {
                    let theirs = Signature::from_slice(signature)
                        .is_ok_and(|parsed| self.theirs.verify_prehash(digest, &parsed).is_ok());
                    for ours in [$(self.$module.verify(digest, signature)),+] {
                        let key = self.point.to_affine();
                        assert_eq!(ours, theirs, "{key:?} {digest:02x?} {signature:02x?}");
                    }
                    theirs
                }

                /// Like [`Self::verdict`], but two more verdicts must agree: that of AWS-LC, and
                /// that of `portcullis_curves` without a table of multiples.
                fn verdict_on_message(&self, message: &[u8], signature: &[u8]) -> bool {
                    let digest = $hash::digest(message);
                    let verdict = self.verdict(&digest, signature);
                    let algorithm: &EcdsaVerificationAlgorithm = &$aws;
                    let encoded = self.point.to_affine().to_sec1_point(false);
                    let aws = UnparsedPublicKey::new(algorithm, encoded.as_bytes());
                    assert_eq!(aws.verify(message, signature).is_ok(), verdict);
                    $(
                        let ours = self.$module.verify_without_table(&digest, signature);
                        assert_eq!(ours, verdict);
                    )+
                    verdict
                }
            }

            fn scalar(random: &mut Random) -> Scalar {
                Scalar::reduce(&FieldBytes::from(random.octets::<$octets>()))
            }

            fn octets(scalar: &Scalar) -> [u8; $octets] {
                scalar.to_repr().into()
            }

            /// A random scalar. It is often close to 0, to a power of two or to the curve's order.
            fn extreme(random: &mut Random) -> Scalar {
                let small = Scalar::from(random.below(300));
                let power = Scalar::from(2_u64).pow_vartime(
                    &::$curve::elliptic_curve::bigint::U64::from(random.below(8 * $octets)),
                );
                match random.below(6) {
                    0 => small,
                    1 => -small,
                    2 => power,
                    3 => small - power,
                    _ => scalar(random),
                }
            }

            /// The value r of a signature with u1·G + u2·Q = `sum`. It is the x coordinate of
            /// `sum`, or `None` if `sum` is the point at infinity.
            fn r(sum: &ProjectivePoint) -> Option<Scalar> {
                let is_finite = !bool::from(sum.is_identity());
                is_finite.then(|| {
                    let encoded = sum.to_affine().to_sec1_point(false);
                    let x = &encoded.as_bytes()[1..=$octets];
                    Scalar::reduce(&FieldBytes::try_from(x).unwrap())
                })
            }

            /// The keys are simple multiples of G. The test chooses u1 and u2 so that the
            /// computation sometimes adds equal or opposite points, and sometimes ends at the point
            /// at infinity.
            #[test]
            fn chosen_sums_have_equal_verdicts() {
                let mut random = Random(0xec);
                let (mut accepted, mut refused) = (0, 0);
                for _ in 0..times(70) {
                    let secret = extreme(&mut random);
                    if secret == Scalar::ZERO {
                        continue;
                    }
                    let key = Key::new(ProjectivePoint::GENERATOR * secret);
                    for _ in 0..35 {
                        let u2 = extreme(&mut random);
                        let u1 = match random.below(6) {
                            0 => u2 * secret,
                            1 => -u2 * secret,
                            2 => extreme(&mut random) - u2 * secret,
                            3 => Scalar::ZERO,
                            _ => extreme(&mut random),
                        };
                        let sum = ProjectivePoint::GENERATOR * u1 + key.point * u2;
                        let r = r(&sum).unwrap_or_else(|| scalar(&mut random));
                        let Some(s) = u2.invert().into_option().map(|inverse| r * inverse) else {
                            continue;
                        };
                        let mut digest = octets(&(u1 * s));
                        let mut signature = [octets(&r), octets(&s)].concat();
                        let good = key.verdict(&digest, &signature);
                        match random.below(3) {
                            0 => flip(&mut random, &mut digest),
                            1 => flip(&mut random, &mut signature),
                            _ => signature[$octets..].copy_from_slice(&octets(&-s)),
                        }
                        // A scalar of P-521 has 521 bits, but this digest has 528. The crate `p521`
                        // ignores the upper 7 bits, so the test clears them.
                        digest[0] &= if $octets == 66 { 1 } else { 0xff };
                        let other = key.verdict(&digest, &signature);
                        accepted += u32::from(good) + u32::from(other);
                        refused += u32::from(!good) + u32::from(!other);
                    }
                }
                assert!(accepted > 500 && refused > 500, "{accepted} {refused}");
            }

            #[test]
            fn messages_have_the_verdicts_of_aws_lc() {
                let mut random = Random(0xa3);
                for _ in 0..times(12) {
                    let secret = scalar(&mut random);
                    let key = Key::new(ProjectivePoint::GENERATOR * secret);
                    for _ in 0..4 {
                        let message: [u8; 40] = random.octets();
                        let digest = $hash::digest(message);
                        let mut e = [0; $octets];
                        e[$octets - digest.len()..].copy_from_slice(&digest);
                        let e = FieldBytes::from(e);
                        let e = Scalar::reduce(&e);
                        let k = extreme(&mut random) + Scalar::ONE;
                        let Some(inverse) = k.invert().into_option() else {
                            continue;
                        };
                        let r = r(&(ProjectivePoint::GENERATOR * k)).unwrap();
                        let s = inverse * (e + r * secret);
                        let mut signature = [octets(&r), octets(&s)].concat();
                        assert!(key.verdict_on_message(&message, &signature));
                        flip(&mut random, &mut signature);
                        key.verdict_on_message(&message, &signature);
                    }
                }
            }

            /// Tries the smallest and the largest values of r, s and the digest.
            #[test]
            fn ends_of_ranges_have_equal_verdicts() {
                let last = octets(&-Scalar::ONE);
                let mut order = last;
                order[$octets - 1] += 1;
                let mut next = order;
                next[$octets - 1] += 1;
                let one = octets(&Scalar::ONE);
                let ends = [[0; $octets], one, last, order, next, [0xff; $octets]];
                for secret in [Scalar::ONE, -Scalar::ONE, Scalar::from(7_u64)] {
                    let key = Key::new(ProjectivePoint::GENERATOR * secret);
                    for digest in &ends {
                        for r in &ends {
                            for s in &ends {
                                key.verdict(digest, &[*r, *s].concat());
                            }
                        }
                    }
                }
            }

            /// The x coordinate of a point can be larger than the curve's order n. In that case r
            /// is x - n, so the verifier must also try r + n.
            #[test]
            fn x_above_the_order() {
                let mut random = Random(0x77);
                let mut found = 0;
                for above in 1..=40_u64 {
                    let r = Scalar::from(above);
                    let Some(point) = point_above_the_order(above) else {
                        continue;
                    };
                    let (s, e) = (scalar(&mut random), scalar(&mut random));
                    let sum = point * s - ProjectivePoint::GENERATOR * e;
                    let key = Key::new(sum * r.invert().unwrap());
                    let mut signature = [octets(&r), octets(&s)].concat();
                    assert!(key.verdict(&octets(&e), &signature));
                    flip(&mut random, &mut signature);
                    assert!(!key.verdict(&octets(&e), &signature));
                    found += 1;
                }
                assert!(found > 10, "{found}");
            }

            /// A point whose x is the order of the curve plus `above`.
            fn point_above_the_order(above: u64) -> Option<ProjectivePoint> {
                use ::$curve::elliptic_curve::point::DecompressPoint as _;
                let last = num_bigint::BigUint::from_bytes_be(&octets(&-Scalar::ONE));
                let x = crate::padded(&(last + 1_u8 + above), $octets);
                let x = FieldBytes::try_from(&x[..]).unwrap();
                let point = ::$curve::AffinePoint::decompress(&x, 0.into()).into_option()?;
                Some(point.into())
            }
        }
    };
}

curve!(p256, [verified, saturated, lazy]::P256Key, 32, Sha256, ECDSA_P256_SHA256_FIXED);
curve!(p384, [verified, lazy]::P384Key, 48, Sha384, ECDSA_P384_SHA384_FIXED);
curve!(p521, [lazy]::P521Key, 66, Sha512, ECDSA_P521_SHA512_FIXED);

fn flip(random: &mut Random, octets: &mut [u8]) {
    let place = usize::try_from(random.next()).unwrap() % octets.len();
    octets[place] ^= 1 << random.below(8);
}
