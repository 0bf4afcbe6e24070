//! Checks that the fields in `compact` compute the same results as `fiat-crypto`.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::arithmetic::field::Canonical;
use crate::arithmetic::limbs::tests::numbers;
use crate::arithmetic::{compact, fiat};

/// Compares every operation, for numbers with long runs of equal bits and for numbers near either
/// end of the range. P-521 is not compared, because `fiat-crypto` uses another representation for
/// it. But `compact` runs the same code for every prime.
fn results_are_equal<V: Canonical<N>, F: Canonical<N>, const N: usize>() {
    assert_eq!(V::MODULUS, F::MODULUS);
    let mut one = [0; N];
    one[0] = 1;
    let numbers = numbers::<V, N>();
    let same = |ours: &F, verified: &V, case: &[&[u64; N]]| {
        let verified = verified.times(&V::plain(&one)).words();
        assert_eq!(ours.times(&F::plain(&one)).words(), verified, "{case:x?}");
    };
    for a in &numbers {
        let (ours, verified) = (F::new(a), V::new(a));
        assert_eq!(F::plain(a).words(), *a);
        assert_eq!(ours.is_zero(), verified.is_zero());
        same(&ours.squared(), &verified.squared(), &[a]);
        same(&ours.negated_if(true), &verified.negated_if(true), &[a]);
        same(&ours.negated_if(false), &verified, &[a]);
        for b in &numbers {
            let (other, other_verified) = (F::new(b), V::new(b));
            let case = [a, b];
            same(&ours.times(&other), &verified.times(&other_verified), &case);
            same(&ours.plus(&other), &verified.plus(&other_verified), &case);
            same(&ours.minus(&other), &verified.minus(&other_verified), &case);
        }
    }
    for a in numbers.iter().take(8) {
        same(&F::new(a).inverse(), &V::new(a).inverse(), &[a]);
    }
    same(&F::one(), &V::one(), &[]);
}

#[test]
fn results_on_p256_are_those_of_the_verified_fields() {
    results_are_equal::<fiat::P256, compact::P256, 4>();
    results_are_equal::<fiat::P256Scalar, compact::P256Scalar, 4>();
}

#[test]
fn results_on_p384_are_those_of_the_verified_fields() {
    results_are_equal::<fiat::P384, compact::P384, 6>();
    results_are_equal::<fiat::P384Scalar, compact::P384Scalar, 6>();
}

#[test]
fn results_for_ed25519_are_those_of_the_verified_field() {
    results_are_equal::<fiat::Ed25519Scalar, compact::Ed25519Scalar, 4>();
}

/// There is no reference to compare P-521 with. So this test checks some laws of a field. A wrong
/// carry or a wrong constant would break them.
#[test]
fn p521_obeys_the_laws_of_a_field() {
    fn check<F: Canonical<9>>() {
        let numbers = numbers::<F, 9>();
        let mut others = numbers.iter().rev().cycle();
        for a in &numbers {
            let [b, c] = [others.next().unwrap(), others.next().unwrap()].map(F::new);
            let a = F::new(a);
            let sum = a.plus(&b);
            let product = sum.times(&c);
            assert_eq!(product.words(), a.times(&c).plus(&b.times(&c)).words());
            assert_eq!(sum.minus(&b).words(), a.words());
            assert!(a.plus(&a.negated_if(true)).is_zero());
            let is_one = a.inverse().times(&a).words() == F::one().words();
            assert!(is_one || a.is_zero());
        }
    }
    check::<compact::P521>();
    check::<compact::P521Scalar>();
}
