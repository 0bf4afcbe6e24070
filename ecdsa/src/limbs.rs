//! Arithmetic with coordinates, for WebAssembly, which has no instruction for 128-bit products.
//! Numbers are arrays of signed limbs. Most carries of a product are computed at its end.
//!
//! A number on P-256 has 9 limbs of 29 bits, and a number on P-384 has 14 limbs of 28 bits. Limbs
//! are stored as `i32`. A product is computed column by column in `i64`, and then reduced by
//! Montgomery's method from its lowest limb upwards: each step adds the multiple of p that makes
//! the lowest limb 0. Both primes p are -1 modulo 2^29, so this multiple is p times the lowest
//! limb. Both primes are sums of five signed powers of two, so computing the multiple costs four
//! shifts.
//!
//! Numbers are not always below p. Sums and differences are not reduced at all, and the range of a
//! product depends on its factors. The test module `bounds` runs the formulas on intervals instead
//! of numbers, and proves that no limb and no column overflows.

use std::num::Wrapping;

use crate::fiat;
use crate::field::Field;

type Limb = Wrapping<i32>;
type Column = Wrapping<i64>;

/// Column `K` of the product of two numbers.
#[inline(always)]
fn product<const K: usize, const L: usize>(a: &[Limb; L], b: &[Limb; L]) -> Column {
    let mut sum = Wrapping(0);
    for (i, x) in a.iter().enumerate() {
        if let Some(y) = K.checked_sub(i).and_then(|j| b.get(j)) {
            sum += wide(*x) * wide(*y);
        }
    }
    sum
}

/// Column `K` of a square: each product of two different limbs is computed once, and doubled.
#[inline(always)]
fn square<const K: usize, const L: usize>(a: &[Limb; L]) -> Column {
    let (mut sum, mut middle) = (Wrapping(0), Wrapping(0));
    for (i, x) in a.iter().enumerate() {
        match K.checked_sub(i) {
            Some(j) if i < j => {
                if let Some(y) = a.get(j) {
                    sum += wide(*x) * wide(*y);
                }
            }
            Some(j) if i == j => middle = wide(*x) * wide(*x),
            _ => {}
        }
    }
    (sum << 1) + middle
}

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

/// Moves the bits of each column above the lowest `BITS` to the next column. The last column keeps
/// all its bits.
#[inline(always)]
fn carried<const BITS: usize, const L: usize>(mut columns: [Column; L]) -> [Limb; L] {
    let mask = mask(BITS);
    let mut carry = Wrapping(0);
    let mut left = L;
    for column in &mut columns {
        left = left.saturating_sub(1);
        let sum = *column + carry;
        *column = if left > 0 { sum & mask } else { sum };
        carry = sum >> BITS;
    }
    columns.map(narrow)
}

/// Splits a number into limbs.
fn limbs<const BITS: u32, const N: usize, const L: usize>(number: &[u64; N]) -> [Limb; L] {
    let mask = (1_u128 << BITS).wrapping_sub(1);
    let mut words = number.iter();
    let (mut held, mut bits) = (0_u128, 0_u32);
    [(); L].map(|()| {
        if bits < BITS {
            held |= u128::from(*words.next().unwrap_or(&0)) << bits;
            bits = bits.saturating_add(64);
        }
        let limb = i32::try_from(held & mask).unwrap_or(0); // below 2^29
        held >>= BITS;
        bits = bits.saturating_sub(BITS);
        Wrapping(limb)
    })
}

/// Defines a field. `$low` and `$high` are the columns of the lower and the upper half of a
/// product. `$cancel` adds `$row`·(p + 1) to `$columns`, where `$row` is the lowest limb. It
/// thereby adds the multiple of p that makes the lowest limb 0.
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
            const R_SQUARED: [u64; $words] = $r_squared;

            /// Adds the multiple of p that makes the lowest limb 0, and returns the columns above
            /// that limb.
            #[inline(always)]
            fn cancel<const ROW: usize>(columns: &mut [Column]) -> &mut [Column] {
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

            /// Divides by R modulo p.
            #[inline(always)]
            fn reduced(mut columns: [[Column; $limbs]; 2]) -> Self {
                let mut above = columns.as_flattened_mut();
                $(above = Self::cancel::<$low>(above);)*
                let [_, quotient] = columns;
                Self(carried::<$bits, $limbs>(quotient))
            }

            #[inline(always)]
            fn combined(&self, other: &Self, combine: impl Fn(Column, Column) -> Column) -> Self {
                let mut others = other.0.iter();
                let columns = self.0.map(|limb| {
                    let other = others.next().copied().unwrap_or_default();
                    combine(wide(limb), wide(other))
                });
                Self(carried::<$bits, $limbs>(columns))
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
                Self(limbs::<$bits, _, _>(number)).times(&Self(limbs::<$bits, _, _>(&Self::R_SQUARED)))
            }

            /// Divides the number by R. The quotient is between 0 and p, both included, so only 0
            /// and p have to be compared.
            fn is_zero(&self) -> bool {
                let mut one = [Wrapping(0); $limbs];
                one[0] = Wrapping(1);
                let Self(quotient) = self.times(&Self(one));
                let p = limbs::<$bits, _, _>(&Self::MODULUS);
                quotient == [Wrapping(0); $limbs] || quotient == p
            }

            // Not inlined, because the function is long and the formulas call it often.
            #[inline(never)]
            fn times(&self, Self(b): &Self) -> Self {
                let Self(a) = self;
                Self::reduced([
                    [$(product::<$low, $limbs>(a, b)),*],
                    [$(product::<$high, $limbs>(a, b)),*],
                ])
            }

            #[inline(never)]
            fn squared(&self) -> Self {
                let Self(a) = self;
                Self::reduced([
                    [$(square::<$low, $limbs>(a)),*],
                    [$(square::<$high, $limbs>(a)),*],
                ])
            }

            fn plus(&self, other: &Self) -> Self {
                self.combined(other, |a, b| a + b)
            }

            fn minus(&self, other: &Self) -> Self {
                self.combined(other, |a, b| a - b)
            }

            #[inline(always)]
            fn loosely_minus(&self, other: &Self) -> Self {
                let mut others = other.0.iter();
                Self(self.0.map(|limb| limb - others.next().copied().unwrap_or_default()))
            }

            #[inline(always)]
            fn negated_if(&self, negate: bool) -> Self {
                let mask = Wrapping(i32::from(negate).wrapping_neg());
                Self(self.0.map(|limb| (limb ^ mask) - mask))
            }
        }
    };
}

// p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
field! {
    /// Coordinates on P-256.
    P256: [u64; 4] like fiat::P256,
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
    P384: [u64; 6] like fiat::P384,
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

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
