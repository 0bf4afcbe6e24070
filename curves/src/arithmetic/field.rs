//! Arithmetic modulo a prime, for points and signatures.

use crate::arithmetic::number;

/// A number modulo a prime, in Montgomery form.
///
/// The operations are methods, not operators, because a lint forbids arithmetic that can panic, and
/// would also report operators of this type.
pub(crate) trait Field<const N: usize>: Copy {
    /// The prime.
    const MODULUS: [u64; N];

    /// Returns 1.
    fn one() -> Self;
    /// Converts a number that is below the modulus.
    fn new(number: &[u64; N]) -> Self;
    /// Returns true if the number is 0 modulo the prime.
    fn is_zero(&self) -> bool;
    /// The product of two numbers.
    fn times(&self, other: &Self) -> Self;
    /// The square.
    fn squared(&self) -> Self;
    /// The sum of two numbers.
    fn plus(&self, other: &Self) -> Self;
    /// The difference of two numbers.
    fn minus(&self, other: &Self) -> Self;
    /// Returns -`self` if `negate` is true, otherwise `self`. The result may be less reduced than
    /// other results (see [`Self::loosely_minus`]), so it may be used only as a factor or in
    /// [`Self::minus`].
    fn negated_if(&self, negate: bool) -> Self;

    /// The difference of two numbers, possibly less reduced than the result of [`Self::minus`]. The
    /// result may be used only as a factor or as the left side of another difference.
    fn loosely_minus(&self, other: &Self) -> Self {
        self.minus(other)
    }

    /// Twice the number.
    fn doubled(&self) -> Self {
        self.plus(self)
    }

    /// Returns the inverse, by raising the number to the power p - 2 (Fermat's little theorem).
    /// Returns 0 for 0, which has no inverse.
    fn inverse(&self) -> Self {
        let mut exponent = Self::MODULUS;
        if let Some(lowest) = exponent.first_mut() {
            // There is no borrow, because the lowest word of every modulus is at least 2.
            *lowest = lowest.wrapping_sub(2);
        }
        number::bits(&exponent).fold(Self::one(), |power, bit| {
            let square = power.squared();
            if bit { square.times(self) } else { square }
        })
    }
}

/// A field whose numbers are always fully reduced, and whose representation is known.
pub(crate) trait Canonical<const N: usize>: Field<N> {
    /// R²/2, where x·R is the Montgomery form of a number x. The Montgomery product of this
    /// constant and a plain number x is x/2 in Montgomery form.
    const HALF_R_SQUARED: Self;
    /// 1/2 as a plain number, not in Montgomery form.
    const HALF: [u64; N];

    /// Wraps a plain number without converting it to Montgomery form. The product of a plain number
    /// and a number in Montgomery form is a plain number.
    fn plain(number: &[u64; N]) -> Self;
    /// The stored words, without conversion. For a plain number, the words are its value.
    fn words(&self) -> [u64; N];
}
