//! Computes sums of points without tables, for cases where speed does not matter. The functions
//! also handle equal and opposite points.

use crate::arithmetic::field::Field;
use crate::arithmetic::number;
use crate::ecdsa::curve::Curve;
use crate::ecdsa::point::{Affine, Point};

/// Computes u1·P + u2·Q by double-and-add. `None` is the point at infinity.
pub(crate) fn sum<C: Curve<N>, const N: usize>(
    points: [&[[u64; N]; 2]; 2],
    [u1, u2]: [[u64; N]; 2],
) -> Option<Point<C::Coordinate>> {
    let [p, q] = points.map(|[x, y]| Affine {
        x: C::Coordinate::new(x),
        y: C::Coordinate::new(y),
    });
    let mut sum = None;
    for (in_u1, in_u2) in number::bits(&u1).zip(number::bits(&u2)) {
        if let Some(sum) = &mut sum {
            Point::double(sum);
        }
        for (is_added, point) in [(in_u1, &p), (in_u2, &q)] {
            if is_added {
                sum = add(sum, point);
            }
        }
    }
    sum
}

/// Adds two points, even if they are equal or opposite. Coordinates are
/// [`Canonical`](crate::arithmetic::field::Canonical): equal numbers have equal representations.
fn add<F: Field<N>, const N: usize>(sum: Option<Point<F>>, other: &Affine<F>) -> Option<Point<F>> {
    let Some(mut sum) = sum else {
        return Some(Point::from_affine(other));
    };
    if !other.x.times(&sum.zz).minus(&sum.x).is_zero() {
        sum.add(other);
        return Some(sum);
    }
    // Equal points are doubled. The sum of opposite points is infinity.
    let is_equal = other.y.times(&sum.zzz).minus(&sum.y).is_zero();
    is_equal.then(|| {
        sum.double();
        sum
    })
}
