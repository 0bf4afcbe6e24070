//! Points of the curve y² = x³ - 3x + b. Additions and doublings need no division.
//!
//! A [`Point`] stores the point (x, y) in XYZZ coordinates: its field `x` contains x·zz, and its
//! field `y` contains y·zzz, where zz³ = zzz². The formulas are dbl-2008-s-1 and madd-2008-s of the
//! Explicit-Formulas Database.

use crate::arithmetic::field::Field;

/// A point with the coordinates x and y. The point at infinity has no such coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine<F> {
    pub(crate) x: F,
    pub(crate) y: F,
}

/// The result of additions, in XYZZ coordinates. If zz is 0, an addition failed, and the
/// coordinates do not describe the sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point<F> {
    pub(crate) x: F,
    pub(crate) y: F,
    pub(crate) zz: F,
    pub(crate) zzz: F,
}

impl<F> Affine<F> {
    /// The opposite point. `zero` must be 0. Unlike the result of [`Field::negated_if`], its y is as
    /// reduced as other results, so it may be used in every operation.
    pub(crate) fn negated<const N: usize>(&self, zero: &F) -> Self
    where
        F: Field<N>,
    {
        Self {
            x: self.x,
            y: zero.minus(&self.y),
        }
    }
}

impl<F> Point<F> {
    /// Converts a point to XYZZ coordinates.
    pub(crate) fn from_affine<const N: usize>(point: &Affine<F>) -> Self
    where
        F: Field<N>,
    {
        Self {
            x: point.x,
            y: point.y,
            zz: F::one(),
            zzz: F::one(),
        }
    }

    /// Doubles the point. The formula fails only for points with y = 0. The curves in this package
    /// have odd order, so they have no such points.
    pub(crate) fn double<const N: usize>(&mut self)
    where
        F: Field<N>,
    {
        let u = self.y.doubled();
        let v = u.squared();
        let w = u.times(&v);
        let s = self.x.times(&v);
        let product = self.x.minus(&self.zz).times(&self.x.plus(&self.zz));
        let m = product.doubled().plus(&product);
        let x = m.squared().minus(&s).minus(&s);
        self.y = m.times(&s.minus(&x)).minus(&w.times(&self.y));
        self.x = x;
        self.zz = self.zz.times(&v);
        self.zzz = self.zzz.times(&w);
    }

    /// Adds another point. If both points have the same x, the points are equal or opposite. The
    /// formula is wrong for such points: it sets zz to 0. Every later addition and doubling
    /// multiplies zz, so zz remains 0.
    #[inline(never)] // otherwise each of the three callers would contain a copy
    pub(crate) fn add<const N: usize>(&mut self, other: &Affine<F>)
    where
        F: Field<N>,
    {
        let h = other.x.times(&self.zz).loosely_minus(&self.x);
        let r = other.y.times(&self.zzz).minus(&self.y);
        let hh = h.squared();
        let hhh = h.times(&hh);
        let v = self.x.times(&hh);
        let x = r.squared().loosely_minus(&hhh).loosely_minus(&v).minus(&v);
        self.y = r.times(&v.loosely_minus(&x)).minus(&self.y.times(&hhh));
        self.x = x;
        self.zz = self.zz.times(&hh);
        self.zzz = self.zzz.times(&hhh);
    }
}

/// Converts points to the coordinates x and y, with a single inversion for all points. Returns
/// `None` if a point has zz = 0.
pub(crate) fn to_affine<F: Field<N>, const N: usize>(
    points: &[Point<F>],
) -> Option<Vec<Affine<F>>> {
    let inverses = inverses(points.iter().map(|point| point.zzz).collect())?;
    let convert = |(point, inverse_of_zzz): (&Point<F>, F)| {
        // The square of zz/zzz is 1/zz.
        let inverse_of_zz = inverse_of_zzz.times(&point.zz).squared();
        Affine {
            x: point.x.times(&inverse_of_zz),
            y: point.y.times(&inverse_of_zzz),
        }
    };
    Some(points.iter().zip(inverses).map(convert).collect())
}

/// Computes the sum of each pair of points, with a single inversion for all pairs. Returns `None` if
/// the points of a pair are equal or opposite.
pub(crate) fn sums<F: Field<N>, const N: usize>(
    pairs: &[(&Affine<F>, &Affine<F>)],
) -> Option<Vec<Affine<F>>> {
    let inverses = inverses(pairs.iter().map(|(a, b)| b.x.minus(&a.x)).collect())?;
    let add = |((a, b), inverse): (&(&Affine<F>, &Affine<F>), F)| {
        let slope = b.y.minus(&a.y).times(&inverse);
        let x = slope.squared().minus(&a.x).minus(&b.x);
        let y = slope.times(&a.x.minus(&x)).minus(&a.y);
        Affine { x, y }
    };
    Some(pairs.iter().zip(inverses).map(add).collect())
}

/// Inverts numbers, with a single inversion of their product. Returns `None` if a number is 0.
fn inverses<F: Field<N>, const N: usize>(mut numbers: Vec<F>) -> Option<Vec<F>> {
    let mut product = F::one();
    let multiply = |number: &F| {
        let before = product;
        product = product.times(number);
        before
    };
    let before: Vec<F> = numbers.iter().map(multiply).collect();
    if product.is_zero() {
        return None;
    }
    let mut inverse = product.inverse();
    for (number, before) in numbers.iter_mut().zip(&before).rev() {
        let inverse_of_number = inverse.times(before);
        inverse = inverse.times(number);
        *number = inverse_of_number;
    }
    Some(numbers)
}
