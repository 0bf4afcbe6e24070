//! Points of the curve -x² + y² = 1 + d·x²·y² (RFC 8032 section 5.1).
//!
//! A [`Point`] has extended coordinates: x = X/Z, y = Y/Z and x·y = T/Z. The formulas are
//! dbl-2008-hwcd and madd-2008-hwcd-3 of the Explicit-Formulas Database. The addition is complete:
//! it is right for all points of the curve, because -1 is a square modulo p, and d is not.

use super::field::{Factor, Field, Loose};

/// The constant d of the curve's equation.
const D: Field = Field::new([
    0xa3, 0x78, 0x59, 0x13, 0xca, 0x4d, 0xeb, 0x75, 0xab, 0xd8, 0x41, 0x41, 0x4d, 0x0a, 0x70, 0x00,
    0x98, 0xe8, 0x79, 0x77, 0x79, 0x40, 0xc7, 0x8c, 0x73, 0xfe, 0x6f, 0x2b, 0xee, 0x6c, 0x03, 0x52,
]);
/// A square root of -1.
const ROOT_OF_MINUS_ONE: Field = Field::new([
    0xb0, 0xa0, 0x0e, 0x4a, 0x27, 0x1b, 0xee, 0xc4, 0x78, 0xe4, 0x2f, 0xad, 0x06, 0x18, 0x43, 0x2f,
    0xa7, 0xd7, 0xfb, 0x3d, 0x99, 0x00, 0x4d, 0x2b, 0x0b, 0xdf, 0xc1, 0x4f, 0x80, 0x24, 0x83, 0x2b,
]);
/// (p + 3)/8. If a number has square roots, this power is a square root of the number or of its
/// negative.
const ROOT: [u64; 4] = [
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
    0x0fff_ffff_ffff_ffff,
];
/// 1/2, which is (p + 1)/2.
const HALF: Field = {
    let mut half = [0xff; 32];
    (half[0], half[31]) = (0xf7, 0x3f);
    Field::new(half)
};

/// A point in extended coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    x: Field,
    y: Field,
    z: Field,
    /// Two factors of T. Only an addition multiplies them, because nothing else needs T.
    t: [Loose; 2],
}

/// A point, prepared for being added to other points. Because of the factor 1/2, an addition need
/// not double Z.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// (y + x)/2
    sum: Field,
    /// (y - x)/2
    difference: Field,
    /// d·x·y
    product: Field,
}

impl Point {
    fn from_affine(x: Field, y: Field) -> Self {
        Self {
            x,
            y,
            z: Field::ONE,
            t: [x.loose(), y.loose()],
        }
    }

    /// Returns the point of an entry, or its opposite if `negate` is true.
    pub(crate) fn from_entry(entry: &Entry, negate: bool) -> Self {
        let [sum, difference] = entry.sum_and_difference(negate);
        Self::from_affine(
            sum.minus(difference).carried(),
            sum.plus(difference).carried(),
        )
    }

    /// Decodes a point (RFC 8032 section 5.1.3). Returns `None` if `octets` are not the canonical
    /// encoding of a point.
    pub(crate) fn decode(octets: &[u8; 32]) -> Option<Self> {
        let y = Field::new(*octets);
        let square = y.squared();
        // The divisor is not 0, because -1/d is not a square.
        let divisor = square.times(&D).plus(&Field::ONE).carried();
        let square = square.minus(&Field::ONE).times(&divisor.inverse());
        let root = square.power(&ROOT);
        let x = [root, root.times(&ROOT_OF_MINUS_ONE)]
            .into_iter()
            .find(|root| root.squared().equals(&square))?;
        [x, Field::ZERO.minus(&x).carried()]
            .map(|x| Self::from_affine(x, y))
            .into_iter()
            .find(|point| encoding(&point.x, &point.y) == *octets)
    }

    /// Encodes the point (RFC 8032 section 5.1.2).
    pub(crate) fn encode(&self) -> [u8; 32] {
        let inverse = self.z.inverse();
        encoding(&self.x.times(&inverse), &self.y.times(&inverse))
    }

    /// Returns true if 8 times the point is the identity.
    ///
    /// The points with x = 0 or y = 0 are those whose order divides 4. The double of a point of
    /// order 8 has order 4 and y = 0. The double of a point has y = 0 if and only if x² + y² = 0.
    pub(crate) fn has_small_order(&self) -> bool {
        let sum = self.x.squared().plus(&self.y.squared()).carried();
        [self.x, self.y, sum]
            .iter()
            .any(|number| number.equals(&Field::ZERO))
    }

    /// Replaces the point with its opposite.
    pub(crate) fn negate(&mut self) {
        let [a, _] = &mut self.t;
        *a = Field::ZERO.minus(&a.carried());
        self.x = Field::ZERO.minus(&self.x).carried();
    }

    /// Doubles the point.
    pub(crate) fn double(&mut self) {
        let (xx, yy, zz) = (self.x.squared(), self.y.squared(), self.z.squared());
        let h = xx.plus(&yy).carried();
        let g = yy.minus(&xx).carried();
        let e = self.x.plus(&self.y).squared().minus(&h);
        let f = zz.plus(&zz).carried().minus(&g);
        self.x = e.times(&f);
        self.y = g.times(&h);
        self.z = f.times(&g);
        self.t = [e, h.loose()];
    }

    /// Adds another point, or subtracts it if `negate` is true.
    pub(crate) fn add(&mut self, other: &Entry, negate: bool) {
        let [sum, difference] = other.sum_and_difference(negate);
        let a = self.y.minus(&self.x).times(difference);
        let b = self.y.plus(&self.x).times(sum);
        let [e, h] = &self.t;
        let c = e.times(h).times(&other.product);
        let (e, h) = (b.minus(&a), b.plus(&a));
        let (mut f, mut g) = (self.z.minus(&c), self.z.plus(&c));
        if negate {
            (f, g) = (g, f);
        }
        self.x = e.times(&f);
        self.y = g.times(&h);
        self.z = f.times(&g);
        self.t = [e, h];
    }
}

impl Entry {
    /// Returns (y + x)/2 and (y - x)/2 of the point, or of its opposite if `negate` is true. The
    /// opposite of a point has the opposite x.
    fn sum_and_difference(&self, negate: bool) -> [&Field; 2] {
        if negate {
            [&self.difference, &self.sum]
        } else {
            [&self.sum, &self.difference]
        }
    }
}

fn encoding(x: &Field, y: &Field) -> [u8; 32] {
    let [lowest, ..] = x.octets();
    let mut octets = y.octets();
    let [.., highest] = &mut octets;
    *highest |= lowest << 7;
    octets
}

/// Prepares points for additions, with a single inversion for all points.
pub(crate) fn entries(points: &[Point]) -> Vec<Entry> {
    let mut product = Field::ONE;
    let multiply = |point: &Point| {
        let before = product;
        product = product.times(&point.z);
        before
    };
    let before: Vec<Field> = points.iter().map(multiply).collect();
    // Half of the inverse. So x and y below are halves too.
    let mut inverse = product.inverse().times(&HALF);
    let convert = |(point, before): (&Point, &Field)| {
        let inverse_of_z = inverse.times(before);
        inverse = inverse.times(&point.z);
        let [x, y] = [point.x, point.y].map(|number| number.times(&inverse_of_z));
        let twice = |number: &Field| number.plus(number);
        Entry {
            sum: y.plus(&x).carried(),
            difference: y.minus(&x).carried(),
            product: twice(&x).times(&twice(&y)).times(&D),
        }
    };
    let mut entries: Vec<Entry> = points.iter().zip(&before).rev().map(convert).collect();
    entries.reverse();
    entries
}
