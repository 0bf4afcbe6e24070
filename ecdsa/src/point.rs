//! Points of y² = x³ - 3x + b, in coordinates that need no division.
//!
//! A [`Point`] stores x as x·zz and y as y·zzz, where zz³ = zzz² ("XYZZ"). The formulas are
//! dbl-2008-s-1 and madd-2008-s of the Explicit-Formulas Database.

use crate::field::Field;

/// A point with plain coordinates. The point at infinity has none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine<F> {
    pub(crate) x: F,
    pub(crate) y: F,
}

/// A point as the result of additions. If zz is 0, no conclusion about the point is possible.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point<F> {
    pub(crate) x: F,
    pub(crate) y: F,
    pub(crate) zz: F,
    pub(crate) zzz: F,
}

impl<F> Point<F> {
    /// The same point.
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

    /// Doubles the point. Right for every point here, because a group of odd order has no point
    /// with y = 0.
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

    /// Adds another point. If both points have the same x, they are equal or opposite, and the
    /// formula does not apply: then zz becomes 0, and remains 0 in every later addition and
    /// doubling, because each multiplies zz.
    #[inline(always)]
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

/// Converts points with one inversion for all of them; `None` if a point has zz = 0.
pub(crate) fn to_affine<F: Field<N>, const N: usize>(
    points: &[Point<F>],
) -> Option<Vec<Affine<F>>> {
    let mut product = F::one();
    let multiply = |point: &Point<F>| {
        let before = product;
        product = product.times(&point.zzz);
        before
    };
    let before: Vec<F> = points.iter().map(multiply).collect();
    if product.is_zero() {
        return None;
    }
    let mut inverse = product.inverse();
    let convert = |(point, before): (&Point<F>, &F)| {
        let inverse_of_zzz = inverse.times(before);
        inverse = inverse.times(&point.zzz);
        // zz/zzz, squared, is 1/zz.
        let inverse_of_zz = inverse_of_zzz.times(&point.zz).squared();
        Affine {
            x: point.x.times(&inverse_of_zz),
            y: point.y.times(&inverse_of_zzz),
        }
    };
    let mut converted: Vec<_> = points.iter().zip(&before).rev().map(convert).collect();
    converted.reverse();
    Some(converted)
}
