//! Powers modulo an odd number, for RSA verification but not for signing.
//!
//! Every number here is public (a published key or a client's signature), so the running time may
//! depend on the numbers. **Never use this module with a private key.**
//!
//! The method is Montgomery's (P. L. Montgomery, "Modular Multiplication Without Trial Division",
//! Mathematics of Computation 44, 1985). A number is stored in Montgomery form, that is, multiplied
//! by R = 2^(27·limbs). A product is reduced from its lowest limb upwards: at each limb, the code
//! adds the multiple of the modulus n that makes this limb zero. If R > 4n and both factors are
//! below 2n, the reduced product is also below 2n. So only the last result has to be compared with
//! n (C. D. Walter, "Montgomery exponentiation needs no final subtractions", Electronics Letters
//! 35, 1999).
//!
//! The code is written for WebAssembly, where the product of two 64-bit numbers is cut to 64 bits:
//!
//! - A number is a slice of blocks, and a block has four limbs of 27 bits, least significant first.
//!   Products of limbs have 54 bits. For 304 limbs (8192 bits), each column is the sum of at most
//!   608 products, from a multiplication and its reduction. A `u64` can hold a sum of 1024
//!   products, so a column cannot overflow before its carry is propagated.
//! - Multiplication and reduction work block by block, multiplying by the four limbs of a block at
//!   a time. So sixteen products cost eight loads and four stores. [`add_rows`] does this work, and
//!   takes most of the time. A block is an array of four, so access to its limbs needs no bounds
//!   checks.
//! - Loops use slice patterns. This crate is compiled for size, so iterators would not be inlined
//!   and would take twice the time.
//! - Squaring computes each product of two different blocks once, and doubles it.
//!
//! Raising to the power 65537 takes 16 squarings and 2 multiplications. The last multiplication
//! uses the plain base instead of its Montgomery form, and thereby also converts the result back
//! from Montgomery form.

use std::cmp::Ordering;

use crate::jose::big_endian::{bit_length, without_leading_zeros};

/// Four limbs, least significant first.
type Block = [u32; 4];
/// Sums of products of limbs, before carries are propagated.
type Columns = [u64; 4];

const LIMB_BITS: u32 = 27;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;
const BLOCK_BITS: usize = 4 * 27;
/// The maximum size of a modulus in bits. With a modulus of at most this size, no column overflows.
const MAX_BITS: usize = 8192;

/// An odd modulus n, with precomputed numbers for computing powers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modulus {
    limbs: Box<[Block]>,
    bits: usize,
    /// -1/n modulo 2^27.
    negative_inverse: u64,
    /// R² modulo n.
    r_squared: Box<[Block]>,
}

impl Modulus {
    /// Prepares a modulus, given as big-endian octets. Returns `None` if the modulus is even, below
    /// 3 or longer than 8192 bits.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let bits = bit_length(without_leading_zeros(octets));
        let is_odd = octets.last().is_some_and(|lowest| lowest & 1 == 1);
        if !is_odd || !(2..=MAX_BITS).contains(&bits) {
            return None;
        }
        // R has room for two more bits than n, so that R > 4n.
        let blocks = bits.saturating_add(2).div_ceil(BLOCK_BITS);
        let limbs = read(octets, blocks)?;
        let lowest = limbs.first().map_or(1, |block| u64::from(block[0]));
        let mut modulus = Self {
            negative_inverse: negative_inverse(lowest),
            r_squared: Box::default(),
            limbs,
            bits,
        };
        modulus.r_squared = modulus.r_squared();
        Some(modulus)
    }

    /// Length in bits, without leading zeros.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Computes `base` to the power of `exponent`, modulo n. Both the base and the result are
    /// big-endian. The result has as many octets as the modulus. Returns `None` if the base is not
    /// below the modulus (RFC 8017 section 5.2.2, step 1), or if the exponent is even or below 3.
    pub fn power(&self, base: &[u8], exponent: u64) -> Option<Vec<u8>> {
        if exponent < 3 || exponent & 1 == 0 {
            return None;
        }
        let base = read(base, self.limbs.len())?;
        if compare(&base, &self.limbs) != Ordering::Less {
            return None;
        }
        let mut columns = self.columns();
        let mut form = base.clone();
        self.multiply(&mut form, &self.r_squared, &mut columns);
        let mut power = form.clone();
        // `power` already accounts for the highest bit of the exponent. The lowest bit is handled
        // after the loop.
        for bit in (1..exponent.ilog2()).rev() {
            self.square(&mut power, &mut columns);
            if exponent >> bit & 1 == 1 {
                self.multiply(&mut power, &form, &mut columns);
            }
        }
        self.square(&mut power, &mut columns);
        self.multiply(&mut power, &base, &mut columns);
        self.subtract_if_not_below(&mut power);
        Some(write(&power, self.bits.div_ceil(8)))
    }

    fn columns(&self) -> Vec<Columns> {
        vec![[0; 4]; self.limbs.len().saturating_mul(2)]
    }

    /// Computes R² modulo n, which is the Montgomery form of R. Starts with 2^(bits-1), which is
    /// below n, and doubles it modulo n until it becomes 2R modulo n, the Montgomery form of 2. R
    /// is 2^L, where L is 27·limbs. So the Montgomery form of R is the L-th power of the Montgomery
    /// form of 2. This power is computed by repeated squaring and doubling.
    fn r_squared(&self) -> Box<[Block]> {
        let highest = self.bits.saturating_sub(1);
        let exponent_of_r = self.limbs.len().saturating_mul(BLOCK_BITS);
        let mut octets = vec![0; highest.wrapping_div(8).saturating_add(1)];
        if let Some(octet) = octets.first_mut() {
            *octet = 1 << (highest & 7);
        }
        let Some(mut power) = read(&octets, self.limbs.len()) else {
            return Box::default();
        };
        // After the last step, `power` is 2R modulo n, the Montgomery form of 2.
        for _ in highest..=exponent_of_r {
            self.double(&mut power);
        }
        let mut columns = self.columns();
        for bit in (0..exponent_of_r.checked_ilog2().unwrap_or(0)).rev() {
            self.square(&mut power, &mut columns);
            self.subtract_if_not_below(&mut power);
            if exponent_of_r >> bit & 1 == 1 {
                self.double(&mut power);
            }
        }
        power
    }

    /// Computes 2·`number` modulo n; `number` must be below n.
    fn double(&self, number: &mut [Block]) {
        let mut carry = 0;
        for limb in number.as_flattened_mut() {
            let doubled = limb.wrapping_mul(2) | carry;
            carry = doubled >> LIMB_BITS;
            *limb = low(u64::from(doubled));
        }
        self.subtract_if_not_below(number);
    }

    /// Reduces a number modulo n. The number must be below 2n.
    fn subtract_if_not_below(&self, number: &mut [Block]) {
        if compare(number, &self.limbs) == Ordering::Less {
            return;
        }
        let mut borrow = 0;
        let subtrahends = self.limbs.as_flattened();
        for (limb, subtrahend) in number.as_flattened_mut().iter_mut().zip(subtrahends) {
            let difference = limb.wrapping_sub(*subtrahend).wrapping_sub(borrow);
            // Limbs have 27 bits, so a negative difference sets the highest of the 32 bits.
            borrow = difference >> 31;
            *limb = low(u64::from(difference));
        }
    }

    /// Replaces `x` with x·y/R modulo n.
    fn multiply(&self, x: &mut [Block], y: &[Block], columns: &mut [Columns]) {
        columns.fill([0; 4]);
        let mut above = &mut *columns;
        for rows in &*x {
            add_rows(above, [0; 4], y, wide(*rows));
            let [_, higher @ ..] = above else { return };
            above = higher;
        }
        self.reduce(columns, x);
    }

    /// Replaces `x` with x²/R modulo n.
    fn square(&self, x: &mut [Block], columns: &mut [Columns]) {
        columns.fill([0; 4]);
        let (mut numbers, mut above) = (&*x, &mut *columns);
        while let [block, others @ ..] = numbers {
            let [low, higher @ ..] = above else { return };
            let [a, b, c, d] = wide(*block);
            let [a2, b2, c2, d2] = [a << 1, b << 1, c << 1, d << 1];
            add(
                low,
                [
                    a.wrapping_mul(a),
                    a.wrapping_mul(b2),
                    dot([a, b, 0, 0], [c2, b, 0, 0]),
                    dot([a, b, 0, 0], [d2, c2, 0, 0]),
                ],
            );
            add_rows(higher, [0; 4], others, [a2, b2, c2, d2]);
            let [high, higher @ ..] = higher else { return };
            add(
                high,
                [
                    dot([b, c, 0, 0], [d2, c, 0, 0]),
                    c.wrapping_mul(d2),
                    d.wrapping_mul(d),
                    0,
                ],
            );
            (numbers, above) = (others, higher);
        }
        self.reduce(columns, x);
    }

    /// Divides the number in `columns` by R modulo n, and writes the quotient to `result`. To do
    /// so, makes the lower half zero, four limbs at a time, by adding multiples of n. The upper
    /// half is then the quotient.
    fn reduce(&self, columns: &mut [Columns], result: &mut [Block]) {
        let [lowest, others @ ..] = &*self.limbs else {
            return;
        };
        let lowest = wide(*lowest);
        let mut above = columns;
        for _ in &self.limbs {
            let [column, higher @ ..] = above else { return };
            let (rows, carry) = self.cancelling_rows(lowest, *column);
            add_rows(higher, lowest, others, rows);
            let [next, ..] = higher else { return };
            add(next, [carry, 0, 0, 0]);
            above = higher;
        }
        carry(above, result);
    }

    /// Returns four limbs and a carry. Adding the product of these limbs and n to `columns` makes
    /// all four columns zero and leaves the carry for the next column.
    #[inline(always)]
    fn cancelling_rows(&self, [n0, n1, n2, n3]: Columns, columns: Columns) -> (Columns, u64) {
        let inverse = self.negative_inverse;
        let [c0, c1, c2, c3] = columns;
        let (q0, carry) = cancelling_row(n0, inverse, c0);
        let c1 = dot([q0, 0, 0, 1], [n1, 0, 0, c1]).wrapping_add(carry);
        let (q1, carry) = cancelling_row(n0, inverse, c1);
        let c2 = dot([q0, q1, 0, 1], [n2, n1, 0, c2]).wrapping_add(carry);
        let (q2, carry) = cancelling_row(n0, inverse, c2);
        let c3 = dot([q0, q1, q2, 1], [n3, n2, n1, c3]).wrapping_add(carry);
        let (q3, carry) = cancelling_row(n0, inverse, c3);
        ([q0, q1, q2, q3], carry)
    }
}

/// Returns a limb and a carry. Adding the product of this limb and `n0` to `column` gives a sum
/// whose lowest 27 bits are zero. The higher bits of the sum are the carry.
#[inline(always)]
fn cancelling_row(n0: u64, negative_inverse: u64, column: u64) -> (u64, u64) {
    let row = column.wrapping_mul(negative_inverse) & LIMB_MASK;
    (row, row.wrapping_mul(n0).wrapping_add(column) >> LIMB_BITS)
}

/// Computes the limbs of a number from `columns`, and propagates all carries.
fn carry(mut columns: &[Columns], number: &mut [Block]) {
    let mut carry = 0;
    for block in number {
        let [[c0, c1, c2, c3], higher @ ..] = columns else {
            return;
        };
        let s0 = c0.wrapping_add(carry);
        let s1 = c1.wrapping_add(s0 >> LIMB_BITS);
        let s2 = c2.wrapping_add(s1 >> LIMB_BITS);
        let s3 = c3.wrapping_add(s2 >> LIMB_BITS);
        carry = s3 >> LIMB_BITS;
        *block = [low(s0), low(s1), low(s2), low(s3)];
        columns = higher;
    }
}

/// Multiplies `numbers` by each of the four limbs in `rows`, and adds the products to `columns`.
/// `before` is the block that precedes `numbers`. Of the products of `before` and `rows`, only
/// those that belong to `columns` are added.
#[inline(always)]
fn add_rows(mut columns: &mut [Columns], before: Columns, mut numbers: &[Block], rows: Columns) {
    let [_, mut x1, mut x2, mut x3] = before;
    while let [column, higher @ ..] = columns {
        let [number, others @ ..] = numbers else {
            add(
                column,
                [
                    dot([0, x3, x2, x1], rows),
                    dot([0, 0, x3, x2], rows),
                    dot([0, 0, 0, x3], rows),
                    0,
                ],
            );
            return;
        };
        let [y0, y1, y2, y3] = wide(*number);
        add(
            column,
            [
                dot([y0, x3, x2, x1], rows),
                dot([y1, y0, x3, x2], rows),
                dot([y2, y1, y0, x3], rows),
                dot([y3, y2, y1, y0], rows),
            ],
        );
        (x1, x2, x3) = (y1, y2, y3);
        (columns, numbers) = (higher, others);
    }
}

#[inline(always)]
fn wide([a, b, c, d]: Block) -> Columns {
    [u64::from(a), u64::from(b), u64::from(c), u64::from(d)]
}

#[inline(always)]
fn dot([a, b, c, d]: [u64; 4], [e, f, g, h]: [u64; 4]) -> u64 {
    let (ab, cd) = (
        a.wrapping_mul(e).wrapping_add(b.wrapping_mul(f)),
        c.wrapping_mul(g).wrapping_add(d.wrapping_mul(h)),
    );
    ab.wrapping_add(cd)
}

#[inline(always)]
fn add([a, b, c, d]: &mut Columns, [e, f, g, h]: Columns) {
    *a = a.wrapping_add(e);
    *b = b.wrapping_add(f);
    *c = c.wrapping_add(g);
    *d = d.wrapping_add(h);
}

/// The lowest 27 bits of a sum.
#[inline(always)]
fn low(sum: u64) -> u32 {
    u32::try_from(sum & LIMB_MASK).unwrap_or(0)
}

/// Computes -1/`odd` modulo 2^27 by Newton's iteration. Each step doubles the number of correct
/// bits. An odd number is its own inverse modulo 8, so the first step starts with three correct
/// bits.
fn negative_inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    for _ in 0..4 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
    }
    inverse.wrapping_neg() & LIMB_MASK
}

fn compare(x: &[Block], y: &[Block]) -> Ordering {
    x.as_flattened()
        .iter()
        .rev()
        .cmp(y.as_flattened().iter().rev())
}

/// Reads a big-endian number. Returns `None` if the number does not fit into `blocks` blocks.
fn read(octets: &[u8], blocks: usize) -> Option<Box<[Block]>> {
    let mut limbs = vec![[0; 4]; blocks].into_boxed_slice();
    let mut octets = octets.iter().rev();
    let (mut held, mut bits) = (0, 0_u32);
    for limb in limbs.as_flattened_mut() {
        while bits < LIMB_BITS {
            held |= u64::from(*octets.next().unwrap_or(&0)) << bits;
            bits = bits.wrapping_add(8);
        }
        *limb = low(held);
        held >>= LIMB_BITS;
        bits = bits.wrapping_sub(LIMB_BITS);
    }
    (held == 0 && octets.all(|octet| *octet == 0)).then_some(limbs)
}

/// The lowest `octets` octets of a number, big-endian.
fn write(number: &[Block], octets: usize) -> Vec<u8> {
    let mut written = vec![0; octets];
    let mut limbs = number.as_flattened().iter();
    let (mut held, mut bits) = (0, 0_u32);
    for octet in written.iter_mut().rev() {
        if bits < 8 {
            held |= u64::from(*limbs.next().unwrap_or(&0)) << bits;
            bits = bits.wrapping_add(LIMB_BITS);
        }
        *octet = u8::try_from(held & 0xff).unwrap_or(0);
        held >>= 8;
        bits = bits.wrapping_sub(8);
    }
    written
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// Modulo 2^k - 1, the power 2^j equals 2^(j modulo k). The limbs of such a modulus consist
    /// only of 1 bits.
    #[test]
    fn powers_of_two_modulo_a_mersenne_number() {
        for bits in [108, 1279, 2047, 2048, 2049, 3072, 4095, 4096, 8191, 8192] {
            let octets = bits / 8 + 1;
            let power_of_two = |exponent: usize| {
                let mut power = vec![0; octets];
                power[octets - 1 - exponent / 8] = 1 << (exponent % 8);
                power
            };
            let mut modulus = vec![0xff; octets];
            modulus[0] = power_of_two(bits)[0] - 1;
            let modulus = Modulus::new(&modulus).unwrap();
            assert_eq!(modulus.bits(), bits);
            for (base, exponent) in [(0, 65537), (1, 3), (1, 65537), (bits - 1, 65537), (7, 17)] {
                let expected = power_of_two(base * exponent % bits);
                let power = modulus.power(&power_of_two(base), u64::try_from(exponent).unwrap());
                let power = power.unwrap();
                assert_eq!(power, expected[octets - power.len()..], "{bits} {base}");
            }
        }
    }

    #[test]
    fn small_powers_equal_repeated_multiplication() {
        for modulus in [3, 5, 9, (1 << 27) - 1, (1 << 27) + 1, 0xffff_ffff_u64] {
            let prepared = Modulus::new(&modulus.to_be_bytes()).unwrap();
            for base in [0, 1, 2, modulus / 2, modulus - 2, modulus - 1] {
                let expected = (0..65537).fold(1, |power, _| power * base % modulus);
                let power = prepared.power(&base.to_be_bytes(), 65537).unwrap();
                let octets = expected.to_be_bytes();
                assert_eq!(power, octets[8 - power.len()..], "{base} {modulus}");
            }
        }
    }

    #[test]
    fn prepares_only_odd_moduli_of_at_most_8192_bits() {
        for octets in [
            &[][..],
            &[0],
            &[1],
            &[4],
            &[0; 300],
            &[0xff; 1025],
            &[0xff, 0xfe],
        ] {
            assert_eq!(Modulus::new(octets), None, "{}", octets.len());
        }
        assert!(Modulus::new(&[0xff; 1024]).is_some());
    }

    #[test]
    fn the_base_must_be_below_the_modulus_and_the_exponent_odd() {
        let modulus = Modulus::new(&[0xff; 256]).unwrap();
        let below = [&[0xff; 255][..], &[0xfe]].concat();
        assert!(modulus.power(&below, 3).is_some());
        for (base, exponent) in [
            (&[0xff; 256][..], 3),
            (&[1; 257], 3),
            (&below, 0),
            (&below, 1),
            (&below, 2),
            (&below, 65536),
        ] {
            assert_eq!(
                modulus.power(base, exponent),
                None,
                "{} {exponent}",
                base.len()
            );
        }
    }
}
