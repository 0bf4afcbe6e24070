//! Arithmetic on coordinates. It needs no 128-bit products, for which WebAssembly has no
//! instruction. Numbers are arrays of signed limbs. Most carries are not computed until the end of
//! a product.
//!
//! A number has 9 limbs of 29 bits on P-256, 14 limbs of 28 bits on P-384, and 19 limbs of 28 bits
//! on P-521. Limbs are stored as `i32`. A product is computed column by column in `i64`, and then
//! reduced by Montgomery's method. The reduction starts at the lowest limb: each step adds the
//! multiple of p that makes the lowest limb 0. Each of the three primes p is -1 modulo 2^29, so
//! this multiple is p times the lowest limb. The primes are sums of two or five signed powers of
//! two, so computing the multiple costs at most four shifts. Products are written out limb by limb,
//! because loops would take three times as long.
//!
//! A stored number is not always below p. Sums and differences are not reduced at all, and the
//! range of a product depends on its factors. The test module `bounds` runs the formulas on
//! intervals instead of numbers, and proves that no limb and no column overflows.

use std::num::Wrapping;

use crate::arithmetic::compact;
use crate::arithmetic::field::Field;
use crate::arithmetic::number;

type Limb = Wrapping<i32>;
type Column = Wrapping<i64>;

#[inline(always)]
fn wide(Wrapping(limb): Limb) -> Column {
    Wrapping(i64::from(limb))
}

/// The lowest 32 bits.
#[inline(always)]
fn narrow(Wrapping(column): Column) -> Limb {
    let [a, b, c, d, ..] = column.to_le_bytes();
    Wrapping(i32::from_le_bytes([a, b, c, d]))
}

/// The lowest `bits` bits.
#[inline(always)]
fn mask(bits: usize) -> Column {
    (Wrapping(1_i64) << bits) - Wrapping(1)
}

/// Splits a number into limbs.
const fn limbs<const N: usize, const L: usize>(number: &[u64; N], bits: u32) -> [Limb; L] {
    let (mut limbs, unsigned): ([Limb; L], [u32; L]) =
        ([Wrapping(0); L], number::limbs(number, bits));
    let (mut left, mut others): (&mut [Limb], &[u32]) = (&mut limbs, &unsigned);
    while let ([limb, after @ ..], [unsigned, others_after @ ..]) = (left, others) {
        *limb = Wrapping(unsigned.cast_signed());
        (left, others) = (after, others_after);
    }
    limbs
}

/// Defines a field. `$low` and `$high` are the indices of the columns in the lower and the upper
/// half of a product. `$cancel` adds `$row`·(p + 1) to `$columns`, where `$row` is the lowest limb.
/// Dropping the lowest limb afterwards subtracts `$row`, so that in total `$row`·p is added.
macro_rules! field {
    (
        $(#[$doc:meta])*
        $field:ident: [u64; $words:literal] like $canonical:ty,
        [i32; $limbs:literal] with $bits:literal bits,
        [$($low:literal)*] [$($high:literal)*],
        $r_squared:expr,
        |$row:ident, $columns:pat_param| $cancel:block
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $field([Limb; $limbs]);

        impl $field {
            /// R² modulo p, where R is 2^(limbs · bits per limb).
            const R_SQUARED: Self = Self(limbs(&$r_squared, $bits));
            const P: [Limb; $limbs] = limbs(&Self::MODULUS, $bits);

            /// Adds the multiple of p that makes the lowest limb 0, and returns the columns above
            /// that limb.
            #[inline(always)]
            pub(crate) fn cancel<const ROW: usize>(columns: &mut [Column]) -> &mut [Column] {
                let [lowest, above @ ..] = columns else {
                    return columns;
                };
                let $row = *lowest & mask($bits);
                if let [next, ..] = above {
                    *next += *lowest >> $bits;
                }
                if let $columns = above {
                    $cancel
                }
                above
            }

            /// Divides the number in `columns` by R, modulo p.
            #[inline(always)]
            fn reduced(mut columns: [[Column; $limbs]; 2]) -> Self {
                let mut above = columns.as_flattened_mut();
                $(above = Self::cancel::<$low>(above);)*
                let [_, quotient] = columns;
                Self::carried(quotient)
            }

            /// Column `K` of the product of two numbers.
            #[inline(always)]
            fn product<const K: usize>(a: &[Limb; $limbs], b: &[Limb; $limbs]) -> Column {
                let mut sum = Wrapping(0);
                $(if let Some(y) = K.checked_sub($low).and_then(|place| b.get(place)) {
                    sum += wide(a[$low]) * wide(*y);
                })*
                sum
            }

            /// Column `K` of a square. Each product of two different limbs is computed once, and
            /// doubled.
            #[inline(always)]
            fn square<const K: usize>(a: &[Limb; $limbs]) -> Column {
                let (mut sum, mut middle) = (Wrapping(0), Wrapping(0));
                $(match K.checked_sub($low) {
                    Some(place) if $low < place => {
                        if let Some(y) = a.get(place) {
                            sum += wide(a[$low]) * wide(*y);
                        }
                    }
                    Some($low) => middle = wide(a[$low]) * wide(a[$low]),
                    _ => {}
                })*
                (sum << 1) + middle
            }

            /// Reduces each column to its lowest `$bits` bits, and adds the higher bits to the next
            /// column. The last column keeps all its bits.
            #[inline(always)]
            fn carried(columns: [Column; $limbs]) -> Self {
                let mut limbs = [Wrapping(0); $limbs];
                let mut carry = Wrapping(0);
                $(
                    let sum = columns[$low] + carry;
                    limbs[$low] = narrow(if $low + 1 < $limbs { sum & mask($bits) } else { sum });
                    carry = sum >> $bits;
                )*
                let _ = carry;
                Self(limbs)
            }
        }

        impl Field<$words> for $field {
            const MODULUS: [u64; $words] = <$canonical as Field<$words>>::MODULUS;

            fn one() -> Self {
                let mut one = [0; $words];
                one[0] = 1;
                Self::new(&one)
            }

            fn new(number: &[u64; $words]) -> Self {
                Self(limbs(number, $bits)).times(&Self::R_SQUARED)
            }

            /// Divides the number by R, modulo p. The quotient is 0 modulo p only if the number is
            /// 0 modulo p. The quotient is between 0 and p (both included), so comparing it with 0
            /// and p is enough.
            fn is_zero(&self) -> bool {
                let mut one = [Wrapping(0); $limbs];
                one[0] = Wrapping(1);
                let Self(quotient) = self.times(&Self(one));
                quotient == [Wrapping(0); $limbs] || quotient == Self::P
            }

            // Not inlined, because the function is long and the formulas call it often.
            #[inline(never)]
            fn times(&self, Self(b): &Self) -> Self {
                let Self(a) = self;
                Self::reduced([
                    [$(Self::product::<$low>(a, b)),*],
                    [$(Self::product::<$high>(a, b)),*],
                ])
            }

            #[inline(never)]
            fn squared(&self) -> Self {
                let Self(a) = self;
                Self::reduced([
                    [$(Self::square::<$low>(a)),*],
                    [$(Self::square::<$high>(a)),*],
                ])
            }

            #[inline(never)]
            fn plus(&self, other: &Self) -> Self {
                Self::carried([$(wide(self.0[$low]) + wide(other.0[$low])),*])
            }

            #[inline(never)]
            fn minus(&self, other: &Self) -> Self {
                Self::carried([$(wide(self.0[$low]) - wide(other.0[$low])),*])
            }

            #[inline(always)]
            fn loosely_minus(&self, other: &Self) -> Self {
                Self([$(self.0[$low] - other.0[$low]),*])
            }

            #[inline(always)]
            fn negated_if(&self, negate: bool) -> Self {
                let mask = Wrapping(i32::from(negate).wrapping_neg());
                Self([$((self.0[$low] ^ mask) - mask),*])
            }
        }
    };
}

// p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
field! {
    /// Coordinates on P-256.
    P256: [u64; 4] like compact::P256,
    [i32; 9] with 29 bits,
    [0 1 2 3 4 5 6 7 8] [9 10 11 12 13 14 15 16 17],
    [
        0x0000_0000_0000_0c00, 0xffff_efff_ffff_fc00, 0xffff_ffff_ffff_fbff,
        0x0000_13ff_ffff_f7ff,
    ],
    |row, [_, _, c3, _, _, c6, c7, c8, ..]| {
        *c3 += row << 9;
        *c6 += row << 18;
        *c7 -= row << 21;
        *c8 += row << 24;
    }
}

// p = 2^384 - 2^128 - 2^96 + 2^32 - 1.
field! {
    /// Coordinates on P-384.
    P384: [u64; 6] like compact::P384,
    [i32; 14] with 28 bits,
    [0 1 2 3 4 5 6 7 8 9 10 11 12 13] [14 15 16 17 18 19 20 21 22 23 24 25 26 27],
    [
        0xfffe_0000_0001_0000, 0x0002_0000_0000_ffff, 0xfffe_0000_0000_0000,
        0x0002_0000_0000_ffff, 0x0000_0000_0001_0000, 0x0000_0000_0000_0000,
    ],
    |row, [c1, _, c3, c4, _, _, _, _, _, _, _, _, c13, ..]| {
        *c1 += row << 4;
        *c3 -= row << 12;
        *c4 -= row << 16;
        *c13 += row << 20;
    }
}

// p = 2^521 - 1.
field! {
    /// Coordinates on P-521.
    P521: [u64; 9] like compact::P521,
    [i32; 19] with 28 bits,
    [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18]
    [19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37],
    [0x0000_0000_0040_0000, 0, 0, 0, 0, 0, 0, 0, 0],
    |row, [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, c18, ..]| {
        *c18 += row << 17;
    }
}

#[cfg(test)]
pub(crate) mod tests;
