//! Compares points, multiples and scalars with those of `curve25519-dalek`.
//!
//! `tests/arithmetic/eddsa.rs` compares verdicts on signatures.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar as TheirScalar;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::point::{Point, entries};
use super::table::{Table, sum};
use super::{BASE, Key, reduced};
use crate::arithmetic::{compact, fiat};

/// Scalars whose digits are extreme, and scalars next to 0 and next to the order of B.
fn scalars() -> Vec<TheirScalar> {
    let patterns = [0x00, 0x01, 0x0f, 0x55, 0x7f, 0x80, 0xaa, 0xfe, 0xff];
    let patterns = patterns.map(|octet| TheirScalar::from_bytes_mod_order([octet; 32]));
    let small = [1_u8, 2, 3, 127, 128, 255].map(TheirScalar::from);
    let powers = [7, 8, 31, 32, 63, 64, 128, 200, 251].map(|power| {
        let double = |scalar: TheirScalar, _| scalar + scalar;
        (0..power).fold(TheirScalar::ONE, double)
    });
    let scalars = patterns.into_iter().chain(small).chain(powers);
    scalars.flat_map(|scalar| [scalar, -scalar]).collect()
}

/// Multiples of B, the points of small order, and sums of both.
fn points() -> Vec<EdwardsPoint> {
    let multiples = scalars().into_iter().step_by(7);
    let multiples = multiples.map(|scalar| ED25519_BASEPOINT_POINT * scalar);
    let ordinary: Vec<_> = multiples.chain([ED25519_BASEPOINT_POINT]).collect();
    let ordinary = &ordinary;
    let sums = EIGHT_TORSION.iter();
    sums.flat_map(|small| ordinary.iter().map(move |point| small + point))
        .chain(EIGHT_TORSION)
        .collect()
}

fn ours(point: &EdwardsPoint) -> Point {
    Point::decode(&point.compress().0).unwrap()
}

fn words(scalar: &TheirScalar) -> [u64; 4] {
    let (words, _) = scalar.as_bytes().as_chunks();
    [0, 1, 2, 3].map(|place: usize| u64::from_le_bytes(words[place]))
}

#[test]
fn sums_and_doubles_are_right_for_all_pairs_of_points() {
    for p in points() {
        let mut negated = ours(&p);
        negated.negate();
        assert_eq!(negated.encode(), (-p).compress().0);
        // The doubles of `doubled` have a Z that is not 1.
        let (mut doubled, mut twice) = (ours(&p), p);
        for _ in 0..3 {
            doubled.double();
            twice += twice;
            assert_eq!(doubled.encode(), twice.compress().0);
        }
        for q in points().iter().step_by(3).chain([&p, &-p, &twice, &-twice]) {
            let [entry] = entries(&[ours(q)])[..] else {
                panic!("no entry");
            };
            assert_eq!(Point::from_entry(&entry, false).encode(), q.compress().0);
            for negate in [false, true] {
                let q = if negate { -q } else { *q };
                let start = Point::from_entry(&entry, negate);
                for (mut sum, expected) in
                    [(ours(&p), p), (doubled, twice), (start, q), (negated, -p)]
                {
                    for count in 1..3_u8 {
                        sum.add(&entry, negate);
                        let expected = expected + q * TheirScalar::from(count);
                        assert_eq!(sum.encode(), expected.compress().0, "{p:?} {q:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn eight_points_have_small_order() {
    for point in points() {
        assert_eq!(ours(&point).has_small_order(), point.is_small_order());
        let mut triple = ours(&point);
        triple.double();
        triple.add(&entries(&[ours(&point)])[0], false);
        assert_eq!(triple.has_small_order(), point.is_small_order());
    }
}

#[test]
fn only_canonical_encodings_are_decoded() {
    let mut octets = [0xff; 32];
    let mut count = 0;
    for low in 0..=0xff {
        for high in [0x00, 0x7f, 0x80, 0xff] {
            for middle in [0x00, 0xff] {
                octets[1..31].fill(middle);
                (octets[0], octets[31]) = (low, high);
                let expected = CompressedEdwardsY(octets)
                    .decompress()
                    .filter(|point| point.compress().0 == octets);
                let point = Point::decode(&octets);
                assert_eq!(point.map(|point| point.encode()), expected.map(|_| octets));
                let is_key = expected.is_some_and(|point| !point.is_small_order());
                assert_eq!(Key::new(&octets).is_some(), is_key, "{octets:x?}");
                count += usize::from(is_key);
            }
        }
    }
    assert!(count > 500, "{count}");
    assert_eq!(Point::decode(&BASE).unwrap().encode(), BASE);
}

#[test]
fn sums_from_tables_are_right() {
    let points = points();
    let p = ED25519_BASEPOINT_POINT;
    let table_of_p = Table::new(&ours(&p)).unwrap();
    for q in points
        .iter()
        .step_by(11)
        .chain([&p, &-p, &EIGHT_TORSION[1]])
    {
        let table_of_q = Table::new(&ours(q)).unwrap();
        let scalars = scalars();
        for (place, u2) in scalars.iter().enumerate() {
            for u1 in [u2, &-u2, &scalars[place * 5 % scalars.len()]] {
                let tables = [&table_of_p, &table_of_q];
                let sum = sum(tables, [&words(u1), &words(u2)]).unwrap();
                let expected = p * u1 + q * u2;
                assert_eq!(sum.encode(), expected.compress().0, "{u1:?} {u2:?}");
            }
        }
    }
}

#[test]
fn hashes_are_reduced_like_scalars() {
    let mut hash = [0xff; 64];
    for length in (0..=64).rev() {
        hash[length..].fill(0);
        for lowest in [0, 1, 0xec, 0xed, 0xff] {
            hash[0] = lowest;
            let expected = words(&TheirScalar::from_bytes_mod_order_wide(&hash));
            assert_eq!(reduced::<fiat::Ed25519Scalar>(&hash), expected);
            assert_eq!(reduced::<compact::Ed25519Scalar>(&hash), expected);
        }
    }
}
