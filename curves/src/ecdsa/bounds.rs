//! Proves that no limb and no column of the fields in [`limbs`] overflows. The tests run the formulas
//! for tables, sums and comparisons on ranges of numbers instead of single numbers.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::marker::PhantomData;
use std::num::Wrapping;

use super::curve::compact::{P256, P384, P521};
use super::curve::{Curve, Numbers};
use super::point::Affine;
use super::table::{Table, sum};
use crate::arithmetic::field::Field;
use crate::arithmetic::{compact, limbs};

/// The way in which `limbs` represents the numbers of a field.
trait Shape<const N: usize>: Copy {
    const BITS: i32;
    const LIMBS: usize;
    const MODULUS: [u64; N];

    /// The signed limbs of p + 1 except the lowest, followed by zeros.
    fn coefficients() -> Vec<f64>;

    /// The prime p.
    fn modulus() -> f64 {
        let words = Self::MODULUS.iter().rev();
        words.fold(0.0, |sum, word| sum * 2_f64.powi(64) + *word as f64)
    }
}

macro_rules! shape {
    ($shape:ident, $field:ty, $verified:ty, $words:literal, $limbs:literal, $bits:literal) => {
        #[derive(Clone, Copy)]
        struct $shape;

        impl Shape<$words> for $shape {
            const BITS: i32 = $bits;
            const LIMBS: usize = $limbs;
            const MODULUS: [u64; $words] = <$verified>::MODULUS;

            fn coefficients() -> Vec<f64> {
                let mut columns = [Wrapping(0); 2 * $limbs];
                columns[0] = Wrapping(1);
                let above = <$field>::cancel::<0>(&mut columns);
                above.iter().map(|column| column.0 as f64).collect()
            }
        }
    };
}

shape!(Shape256, limbs::P256, compact::P256, 4, 9, 29);
shape!(Shape384, limbs::P384, compact::P384, 6, 14, 28);
shape!(Shape521, limbs::P521, compact::P521, 9, 19, 28);

/// The smallest and the largest number of a range.
#[derive(Clone, Copy)]
struct Ends(f64, f64);

impl Ends {
    fn minus(self, other: Self) -> Self {
        Self(self.0 - other.1, self.1 - other.0)
    }

    fn magnitude(self) -> f64 {
        self.1.max(-self.0)
    }

    /// The smallest range that contains both ranges.
    fn hull(self, other: Self) -> Self {
        Self(self.0.min(other.0), self.1.max(other.1))
    }
}

/// The range of a number, in units of p, and the ranges of its limbs.
#[derive(Clone, Copy)]
struct Range<S> {
    number: Ends,
    last_limb: Ends,
    other_limbs: Ends,
    shape: PhantomData<S>,
}

impl<S> Range<S> {
    /// The range of a number after its carries were propagated. After that, only the last limb can
    /// be negative or have more than `BITS` bits.
    fn carried<const N: usize>(Ends(low, high): Ends) -> Self
    where
        S: Shape<N>,
    {
        let (low, high) = (low - 1e-6, high + 1e-6); // room for rounding errors of this computation
        let unit = S::modulus() / 2_f64.powi(S::BITS * (count::<S, N>() - 1));
        let range = Self {
            number: Ends(low, high),
            last_limb: Ends(low * unit - 1.0, high * unit),
            other_limbs: Ends(0.0, 2_f64.powi(S::BITS) - 1.0),
            shape: PhantomData,
        };
        range.stored()
    }

    /// The smallest range that contains both ranges.
    fn hull(&self, other: &Self) -> Self {
        Self {
            number: self.number.hull(other.number),
            last_limb: self.last_limb.hull(other.last_limb),
            other_limbs: self.other_limbs.hull(other.other_limbs),
            shape: PhantomData,
        }
    }

    /// Asserts that each limb fits into an `i32`, and returns the range.
    fn stored(self) -> Self {
        for limb in [self.last_limb, self.other_limbs] {
            assert!(limb.magnitude() < 2_f64.powi(31));
        }
        self
    }

    /// The largest magnitude that the limb at `place` can have.
    fn limb<const N: usize>(&self, place: usize) -> f64
    where
        S: Shape<N>,
    {
        match place + 1 {
            last if last == S::LIMBS => self.last_limb.magnitude(),
            _ => self.other_limbs.magnitude(),
        }
    }
}

fn count<S: Shape<N>, const N: usize>() -> i32 {
    i32::try_from(S::LIMBS).unwrap()
}

/// Asserts that a column with this magnitude fits into an `i64`. Callers add the magnitudes of all
/// terms, so no partial sum of the terms exceeds the bound either.
fn fits(column: f64) -> f64 {
    assert!(column < 2_f64.powi(63));
    column
}

impl<S: Shape<N>, const N: usize> Field<N> for Range<S> {
    const MODULUS: [u64; N] = S::MODULUS;

    fn one() -> Self {
        Self::new(&[0; N])
    }

    /// The range of a product of two factors below p: the number, and R² modulo p.
    fn new(_: &[u64; N]) -> Self {
        let below_p = Self::carried(Ends(0.0, 1.0));
        below_p.times(&below_p)
    }

    fn is_zero(&self) -> bool {
        // The method `is_zero` in `limbs` multiplies the number by 1. The Montgomery product is
        // between 0 and p if the number's magnitude is below R.
        let r = 2_f64.powi(S::BITS * count::<S, N>());
        assert!(self.number.magnitude() * S::modulus() < r);
        false
    }

    fn times(&self, other: &Self) -> Self {
        let mut columns = vec![0.0; 2 * S::LIMBS];
        for i in 0..S::LIMBS {
            for j in 0..S::LIMBS {
                columns[i + j] = fits(columns[i + j] + self.limb(i) * other.limb(j));
            }
        }
        let row = 2_f64.powi(S::BITS);
        for i in 0..S::LIMBS {
            columns[i + 1] = fits(columns[i + 1] + columns[i] / row + 1.0);
            for (j, coefficient) in S::coefficients().iter().take(S::LIMBS).enumerate() {
                columns[i + 1 + j] = fits(columns[i + 1 + j] + row * coefficient.abs());
            }
        }
        let mut carry = 0.0;
        for column in &columns[S::LIMBS..] {
            carry = fits(column + carry) / row + 1.0;
        }
        // The reduced number is (product + factor·p)/R, where the factor is below R.
        let r_in_p = 2_f64.powi(S::BITS * count::<S, N>()) / S::modulus();
        let Ends(low, high) = other.number;
        let corners = [self.number.0, self.number.1].map(|x| [x * low, x * high]);
        let corners = corners.as_flattened().iter().map(|corner| corner / r_in_p);
        let widen = |ends: Ends, corner| ends.hull(Ends(corner, corner));
        let Ends(low, high) = corners.fold(Ends(0.0, 0.0), widen);
        Self::carried(Ends(low, high + 1.0))
    }

    fn squared(&self) -> Self {
        Self::carried(Ends(0.0, self.times(self).number.1))
    }

    fn plus(&self, other: &Self) -> Self {
        let Ends(low, high) = other.number;
        Self::carried(self.number.minus(Ends(-high, -low)))
    }

    fn minus(&self, other: &Self) -> Self {
        Self::carried(self.number.minus(other.number))
    }

    fn loosely_minus(&self, other: &Self) -> Self {
        let difference = Self {
            number: self.number.minus(other.number),
            last_limb: self.last_limb.minus(other.last_limb),
            other_limbs: self.other_limbs.minus(other.other_limbs),
            shape: PhantomData,
        };
        difference.stored()
    }

    /// One range that contains both the number and its negation, because either can be the result.
    fn negated_if(&self, _: bool) -> Self {
        let both = |ends: Ends| Ends(-ends.magnitude(), ends.magnitude());
        Self {
            number: both(self.number),
            last_limb: both(self.last_limb),
            other_limbs: both(self.other_limbs),
            shape: PhantomData,
        }
    }
}

/// Builds a table, computes a sum and compares the sum's x. Building a table takes the same steps
/// for every point, so the ranges of the entries are always the same. But they differ from entry to
/// entry, and the scalars choose the entries. So every entry is replaced by a range that contains
/// all of them. With this range, the one sum covers every point, scalar and signature.
fn nothing_overflows<C: Curve<N>, S: Shape<N>, const N: usize>() {
    let Numbers { comb_blocks, g, .. } = &C::NUMBERS;
    let mut table = Table::<Range<S>>::new(*comb_blocks, g).unwrap();
    let entries = table.blocks().concat().into_iter();
    let hull = entries.reduce(|all, entry| Affine {
        x: all.x.hull(&entry.x),
        y: all.y.hull(&entry.y),
    });
    table.fill(hull.unwrap());
    let [x, y] = g;
    let sum = sum([&table, &table], [x, y]).unwrap();
    assert!(!sum.zz.is_zero());
    assert!(!sum.has_x::<C, N>(&[0; N]));
    let largest = [sum.x, sum.y, sum.zz, sum.zzz].map(|range| range.number.magnitude());
    assert!(
        largest.iter().all(|magnitude| *magnitude < 5.0),
        "{largest:?}"
    );
}

#[test]
fn nothing_overflows_on_p256() {
    nothing_overflows::<P256, Shape256, 4>();
}

#[test]
fn nothing_overflows_on_p384() {
    nothing_overflows::<P384, Shape384, 6>();
}

#[test]
fn nothing_overflows_on_p521() {
    nothing_overflows::<P521, Shape521, 9>();
}
