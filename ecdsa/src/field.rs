//! What the formulas of points and signatures need of numbers modulo a prime.

use crate::number;

/// A number modulo a prime, in Montgomery form.
///
/// The operations are methods and not operators, because the lint against arithmetic that can
/// panic does not tell operators of this type from those of integers.
pub(crate) trait Field<const N: usize>: Copy {
    /// The prime.
    const MODULUS: [u64; N];

    /// 1.
    fn one() -> Self;
    /// Converts a number that is below the modulus.
    fn new(number: &[u64; N]) -> Self;
    /// Whether the number is 0 modulo the prime.
    fn is_zero(&self) -> bool;
    /// The product of two numbers.
    fn times(&self, other: &Self) -> Self;
    /// The square.
    fn squared(&self) -> Self;
    /// The sum of two numbers.
    fn plus(&self, other: &Self) -> Self;
    /// The difference of two numbers.
    fn minus(&self, other: &Self) -> Self;
    /// The number or, if `negate`, the negated number. As the result of [`Self::loosely_minus`], it
    /// may only be a factor.
    fn negated_if(&self, negate: bool) -> Self;

    /// A difference that may be less reduced than others. It may only be a factor, or the left side
    /// of another difference.
    fn loosely_minus(&self, other: &Self) -> Self {
        self.minus(other)
    }

    /// Twice the number.
    fn doubled(&self) -> Self {
        self.plus(self)
    }

    /// The inverse, or 0 of 0: the power with the exponent p - 2 (Fermat).
    fn inverse(&self) -> Self {
        let mut exponent = Self::MODULUS;
        if let Some(lowest) = exponent.first_mut() {
            *lowest = lowest.wrapping_sub(2); // no modulus here ends in 0 or 1
        }
        number::bits(&exponent).fold(Self::one(), |power, bit| {
            let square = power.squared();
            if bit { square.times(self) } else { square }
        })
    }
}

/// A field whose numbers are always fully reduced, and whose representation is known.
pub(crate) trait Canonical<const N: usize>: Field<N> {
    /// R²/2, where R is 2^(64·N). The Montgomery product with it turns a plain number into half of
    /// it, in Montgomery form.
    const HALF_R_SQUARED: Self;
    /// 1/2, plain.
    const HALF: [u64; N];

    /// Takes a plain number. As a factor, it turns the other factor into a plain number.
    fn plain(number: &[u64; N]) -> Self;
    /// The words as they are: the number itself, if it is plain.
    fn words(&self) -> [u64; N];
}
