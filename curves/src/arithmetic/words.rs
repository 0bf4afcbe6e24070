//! Arithmetic with coordinates on P-256 in four full 64-bit words, for native builds.
//!
//! A product is computed by Montgomery's method, one word of a factor at a time. The prime p is
//! 2^256 - 2^224 + 2^192 + 2^96 - 1, which is -1 modulo 2^64. So the multiple of p that makes the
//! lowest word 0 is p times that word, and adding it takes only shifts, additions and subtractions.
//! The code of `fiat-crypto` computes each of these multiples with three multiplications, and takes
//! 1.6 times as long for a product.
//!
//! Every function requires numbers below p and returns a number below p. So two equal numbers
//! always have equal words. No carry is ever dropped unless a comment says why it is 0.

use std::hint;

use crate::arithmetic::fiat;
use crate::arithmetic::field::{Canonical as _, Field};

type Words = [u64; 4];

/// A coordinate on P-256: x·R modulo p, where R is 2^256. [`fiat::P256`] stores the same words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct P256(Words);

/// 2^256 - p.
static MINUS_P: Words = [
    1,
    0xffff_ffff_0000_0000,
    0xffff_ffff_ffff_ffff,
    0x0000_0000_ffff_fffe,
];

impl Field<4> for P256 {
    const MODULUS: Words = fiat::P256::MODULUS;

    fn one() -> Self {
        Self(fiat::P256::one().words())
    }

    fn new(number: &Words) -> Self {
        Self(fiat::P256::new(number).words())
    }

    fn is_zero(&self) -> bool {
        self.0 == [0; 4]
    }

    #[inline(never)] // otherwise the formulas would contain many copies
    fn times(&self, other: &Self) -> Self {
        let [a, b, c, d] = self.0;
        let quotient = Quotient::default();
        let quotient = quotient.plus_row(a, &other.0).plus_row(b, &other.0);
        let quotient = quotient.plus_row(c, &other.0).plus_row(d, &other.0);
        reduced(quotient.words, quotient.carry)
    }

    fn squared(&self) -> Self {
        self.times(self)
    }

    fn plus(&self, other: &Self) -> Self {
        let (sum, carry) = sum(&self.0, &other.0);
        reduced(sum, carry)
    }

    fn minus(&self, other: &Self) -> Self {
        let (difference, is_negative) = difference(&self.0, &other.0);
        let p = Self::MODULUS.map(|word| if is_negative { word } else { 0 });
        // If the difference is negative, adding p makes it positive. The carry cancels the borrow.
        Self(sum(&difference, &p).0)
    }

    fn negated_if(&self, negate: bool) -> Self {
        let negated = Self([0; 4]).minus(self);
        hint::select_unpredictable(negate, negated, *self)
    }
}

/// A number below 2p: the sum of the rows so far, divided by 2^64 after each row.
#[derive(Default)]
struct Quotient {
    words: Words,
    /// 2^256.
    carry: bool,
}

impl Quotient {
    /// Adds `factor`·`words`, and divides by 2^64 modulo p.
    ///
    /// The result is below 2p again: (2p + (2^64 - 1)·p + (2^64 - 1)·p) / 2^64 is 2p.
    #[inline(always)]
    fn plus_row(self, factor: u64, words: &Words) -> Self {
        let [row @ .., highest] = row(factor, words);
        let ([lowest, a, b, c], carry) = sum(&self.words, &row);
        let (d, carry) = highest.carrying_add(u64::from(self.carry), carry);
        // Adding `lowest`·p makes the lowest word 0. The words above it are those of
        // `lowest`·(p + 1) / 2^64, which is `lowest`·2^32 + `lowest`·(2^64 - 2^32 + 1)·2^128.
        let (e, f) = (lowest << 32, lowest >> 32);
        let (g, borrow) = lowest.overflowing_sub(e);
        let (h, _) = lowest.borrowing_sub(f, borrow); // positive, like the product
        let (words, next) = sum(&[a, b, c, d], &[e, f, g, h]);
        // The result is below 2p, so at most one of the carries is 1.
        let carry = carry | next;
        Self { words, carry }
    }
}

/// The product of a word and a number.
#[inline(always)]
fn row(factor: u64, [a, b, c, d]: &Words) -> [u64; 5] {
    let (low_a, high_a) = factor.carrying_mul(*a, 0);
    let (low_b, high_b) = factor.carrying_mul(*b, 0);
    let (low_c, high_c) = factor.carrying_mul(*c, 0);
    let (low_d, high_d) = factor.carrying_mul(*d, 0);
    let (b, carry) = low_b.overflowing_add(high_a);
    let (c, carry) = low_c.carrying_add(high_b, carry);
    let (d, carry) = low_d.carrying_add(high_c, carry);
    // The product is below 2^320, so there is no further carry.
    let (e, _) = high_d.carrying_add(0, carry);
    [low_a, b, c, d, e]
}

/// Subtracts p from a number below 2p, unless the number is below p. If `carry` is true, the number
/// is 2^256 + `words`.
#[inline(always)]
fn reduced(words: Words, carry: bool) -> P256 {
    // If the compiler knew the constant, it would replace the additions by longer code.
    let (less, is_large) = sum(&words, hint::black_box(&MINUS_P));
    let is_reduced = carry | is_large;
    P256(hint::select_unpredictable(is_reduced, less, words))
}

/// The sum in four words, and the carry. With a loop as in [`number::sum`](crate::arithmetic::number::sum), a
/// verification takes 7 % longer. The same holds for [`difference`].
#[inline(always)]
fn sum([a, b, c, d]: &Words, [e, f, g, h]: &Words) -> (Words, bool) {
    let (a, carry) = a.overflowing_add(*e);
    let (b, carry) = b.carrying_add(*f, carry);
    let (c, carry) = c.carrying_add(*g, carry);
    let (d, carry) = d.carrying_add(*h, carry);
    ([a, b, c, d], carry)
}

/// The difference in four words, and the borrow.
#[inline(always)]
fn difference([a, b, c, d]: &Words, [e, f, g, h]: &Words) -> (Words, bool) {
    let (a, borrow) = a.overflowing_sub(*e);
    let (b, borrow) = b.borrowing_sub(*f, borrow);
    let (c, borrow) = c.borrowing_sub(*g, borrow);
    let (d, borrow) = d.borrowing_sub(*h, borrow);
    ([a, b, c, d], borrow)
}
