//! Checks that the fields in `limbs` and `words` compute the same results as the verified fields of
//! `fiat-crypto`. For P-521, the reference is the field in `compact`.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::arithmetic::field::{Canonical, Field};
use crate::arithmetic::{compact, fiat, limbs, number, words};

/// Returns numbers with long runs of equal bits, and numbers next to 0 and next to the modulus.
pub(crate) fn numbers<F: Field<N>, const N: usize>() -> Vec<[u64; N]> {
    let mut random = 1_u64;
    let mut word = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005) + 1;
        let (kind, bits) = (random >> 61, random >> 55 & 63);
        match kind {
            0 => 0,
            1 => u64::MAX,
            2 => u64::MAX << bits,
            3 => 1 << bits,
            _ => random ^ random >> 32,
        }
    };
    let patterns: Vec<_> = (0..60).map(|_| [(); N].map(|()| word())).collect();
    let ends = (0..4).flat_map(|distance| {
        let mut low = [0; N];
        low[0] = distance;
        [Some(low), number::difference(&F::MODULUS, &low)]
    });
    let all = patterns.into_iter().chain(ends.flatten());
    all.filter(|x| number::is_below(x, &F::MODULUS)).collect()
}

/// A formula that uses every operation.
fn formula<F: Field<N>, const N: usize>([a, b, c]: [&F; 3]) -> F {
    let product = a.times(b).loosely_minus(c).squared();
    let difference = product.loosely_minus(b).loosely_minus(a).minus(a);
    let factor = c.negated_if(true).times(&b.negated_if(false));
    difference.times(&factor).plus(&a.doubled())
}

fn results_are_equal<V: Canonical<N>, L: Field<N>, const N: usize>() {
    let numbers = numbers::<V, N>();
    let plain_one = {
        let mut one = [0; N];
        one[0] = 1;
        V::plain(&one)
    };
    let same = |lazy: &L, verified: &V| {
        let plain = verified.times(&plain_one).words();
        lazy.minus(&L::new(&plain)).is_zero()
    };
    let mut others = numbers.iter().cycle().skip(7);
    for a in &numbers {
        for b in &numbers {
            let c = others.next().unwrap();
            let (verified, lazy) = ([a, b, c].map(V::new), [a, b, c].map(L::new));
            let ([x, y, z], [u, v, w]) = (verified.each_ref(), lazy.each_ref());
            assert!(same(&u.times(v), &x.times(y)), "{a:x?} {b:x?}");
            assert!(
                same(&formula([u, v, w]), &formula([x, y, z])),
                "{a:x?} {b:x?} {c:x?}"
            );
            assert_eq!(u.minus(v).is_zero(), a == b, "{a:x?} {b:x?}");
        }
        let (verified, lazy) = (V::new(a), L::new(a));
        assert!(same(&lazy.squared(), &verified.squared()), "{a:x?}");
        assert!(same(&lazy.inverse(), &verified.inverse()), "{a:x?}");
        assert_eq!(verified.is_zero(), lazy.is_zero());
    }
    assert!(same(&L::one(), &V::one()));
}

#[test]
fn results_on_p256_are_those_of_the_verified_field() {
    results_are_equal::<fiat::P256, limbs::P256, 4>();
    results_are_equal::<fiat::P256, words::P256, 4>();
}

#[test]
fn results_on_p384_are_those_of_the_verified_field() {
    results_are_equal::<fiat::P384, limbs::P384, 6>();
}

#[test]
fn results_on_p521_are_those_of_the_compact_field() {
    results_are_equal::<compact::P521, limbs::P521, 9>();
}
