//! ECDSA verification (FIPS 186-5 section 6.4.2).

use std::sync::OnceLock;

use crate::arithmetic::field::{Canonical, Field};
use crate::arithmetic::number;
use crate::ecdsa::curve::{Curve, TableField};
use crate::ecdsa::point::Point;
use crate::ecdsa::table::{Table, sum};
use crate::ecdsa::unhurried;

/// A public key: a point on the curve. The precomputed table of its multiples is built when a
/// signature is first verified with the key.
#[derive(Debug)]
pub(crate) struct Key<F, const N: usize> {
    point: [[u64; N]; 2],
    table: OnceLock<Option<Table<F>>>,
}

/// r and s, both in [1, n-1].
pub(crate) struct Signature<const N: usize> {
    r: [u64; N],
    s: [u64; N],
}

impl<const N: usize> Signature<N> {
    /// Reads r, followed by s. Returns `None` if the length is wrong or if r or s is out of range.
    pub(crate) fn read<C: Curve<N>>(octets: &[u8]) -> Option<Self> {
        let (r, s) = octets.split_at_checked(octets.len() / 2)?;
        let in_range = |octets: &[u8]| {
            let number = read::<C, N>(octets)?;
            // If 0 were accepted, the signature r = s = 0 would be valid for every message
            // (CVE-2022-21449).
            let is_zero = number == [0; N];
            (!is_zero && number::is_below(&number, &C::Scalar::MODULUS)).then_some(number)
        };
        Some(Self {
            r: in_range(r)?,
            s: in_range(s)?,
        })
    }
}

/// Reads a big-endian coordinate or scalar. Both have the same length. Returns `None` if the length
/// of `octets` is wrong.
fn read<C: Curve<N>, const N: usize>(octets: &[u8]) -> Option<[u64; N]> {
    let number = number::read(octets)?;
    (octets.len() == C::NUMBERS.octets).then_some(number)
}

/// Reads the digest of a message as a scalar. The digest must be as long as the output of the
/// curve's hash function, or as long as a scalar.
pub(crate) fn digest<C: Curve<N>, const N: usize>(octets: &[u8]) -> Option<[u64; N]> {
    let is_long = [C::NUMBERS.digest_octets, C::NUMBERS.octets].contains(&octets.len());
    let number = is_long.then(|| number::read(octets))??;
    let order = &C::Scalar::MODULUS;
    let reduced = number::difference(&number, order).unwrap_or(number);
    // A digest of the curve's hash function is below twice the order, so one subtraction is enough.
    number::is_below(&reduced, order).then_some(reduced)
}

impl<F, const N: usize> Key<F, N> {
    /// Reads a key from its coordinates. Returns `None` if a coordinate has the wrong length or is
    /// not below the prime, or if the point is not on the curve.
    pub(crate) fn read<C: Curve<N>>(x: &[u8], y: &[u8]) -> Option<Self> {
        let in_range = |octets: &[u8]| {
            let number = read::<C, N>(octets)?;
            number::is_below(&number, &C::Coordinate::MODULUS).then_some(number)
        };
        let point = [in_range(x)?, in_range(y)?];
        is_on_curve::<C, N>(&point).then(|| Self {
            point,
            table: OnceLock::new(),
        })
    }

    /// Returns true if `signature` is a valid signature of the message with this digest. The first
    /// call builds the key's table.
    pub(crate) fn verify<C: Curve<N>>(&self, digest: &[u64; N], signature: &Signature<N>) -> bool
    where
        F: TableField<N>,
    {
        let halves = halves::<C, N>(digest, signature);
        match self.sum_of_tables::<C>(&halves) {
            Some(sum) => sum.has_x::<C, N>(&signature.r),
            None => self.verify_halves::<C>(&halves, signature),
        }
    }

    /// Verifies like [`Self::verify`], but without a table. This takes much longer.
    pub(crate) fn verify_without_table<C: Curve<N>>(
        &self,
        digest: &[u64; N],
        signature: &Signature<N>,
    ) -> bool {
        self.verify_halves::<C>(&halves::<C, N>(digest, signature), signature)
    }

    fn verify_halves<C: Curve<N>>(
        &self,
        halves: &[C::Scalar; 2],
        signature: &Signature<N>,
    ) -> bool {
        let scalars = halves.map(|half| half.doubled().words());
        unhurried::sum::<C, N>([&C::NUMBERS.g, &self.point], scalars)
            .is_some_and(|sum| sum.has_x::<C, N>(&signature.r))
    }

    /// Computes u1·G + u2·Q with tables. Returns `None` if an addition met two equal or opposite
    /// points.
    fn sum_of_tables<C: Curve<N>>(&self, halves: &[C::Scalar; 2]) -> Option<Point<F>>
    where
        F: TableField<N>,
    {
        let build = || Table::new(C::NUMBERS.comb_blocks, &self.point);
        let table = self.table.get_or_init(build).as_ref()?;
        let [w1, w2] = halves.map(|half| comb_digits::<C, N>(&half));
        let sum = sum([F::table_of_base_point()?, table], [&w1, &w2])?;
        // Without this check, forgeries would be accepted: if zz is 0, x can be 0 too, and `has_x`
        // would then return true for every r.
        (!sum.zz.is_zero()).then_some(sum)
    }
}

fn is_on_curve<C: Curve<N>, const N: usize>(point: &[[u64; N]; 2]) -> bool {
    let [x, y] = point.map(|coordinate| C::Coordinate::new(&coordinate));
    let three = x.doubled().plus(&x);
    let cube = x.squared().times(&x);
    let right = cube.minus(&three).plus(&C::Coordinate::new(&C::NUMBERS.b));
    y.squared().minus(&right).is_zero()
}

/// Computes u1/2 and u2/2, where u1 = e/s, u2 = r/s, and e is the digest. The results are plain
/// numbers.
fn halves<C: Curve<N>, const N: usize>(
    digest: &[u64; N],
    signature: &Signature<N>,
) -> [C::Scalar; 2] {
    let half_inverse = half_inverse::<C, N>(&signature.s);
    [digest, &signature.r].map(|number| half_inverse.times(&C::Scalar::plain(number)))
}

/// Computes 1/(2s) in Montgomery form.
fn half_inverse<C: Curve<N>, const N: usize>(s: &[u64; N]) -> C::Scalar {
    let plain = C::Scalar::plain;
    // A wrong inverse could make an invalid signature pass. So the inverse is multiplied by s, and
    // the product is compared with the expected constant.
    Some(C::probable_inverse(s))
        .filter(|inverse| number::is_below(inverse, &C::Scalar::MODULUS))
        .map(|inverse| plain(&inverse).times(&C::Scalar::HALF_R_SQUARED))
        .filter(|half| half.times(&plain(s)).words() == C::Scalar::HALF)
        .unwrap_or_else(|| {
            let inverse = C::Scalar::new(s).inverse();
            inverse.times(&C::Scalar::new(&C::Scalar::HALF))
        })
}

/// Computes the comb digits of u (see `table`) from u/2. The digits are the bits of (u + 2^D - 1)/2
/// modulo n, where D is the number of digits.
fn comb_digits<C: Curve<N>, const N: usize>(half: &C::Scalar) -> [u64; N] {
    half.plus(&C::Scalar::plain(&C::NUMBERS.comb_offset))
        .words()
}

impl<F> Point<F> {
    /// Returns true if the point's x modulo n is `r`. The caller must have checked that zz is not
    /// 0.
    pub(crate) fn has_x<C: Curve<N>, const N: usize>(&self, r: &[u64; N]) -> bool
    where
        F: Field<N>,
    {
        let is_x = |x: &[u64; N]| F::new(x).times(&self.zz).minus(&self.x).is_zero();
        // x is below p, and p can be larger than n. So x can be r + n instead of r.
        let next = number::sum(r, &C::Scalar::MODULUS);
        let next = next.filter(|x| number::is_below(x, &F::MODULUS));
        is_x(r) || next.is_some_and(|x| is_x(&x))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::arithmetic::field::Canonical;
    use crate::arithmetic::{compact, fiat};
    use crate::ecdsa::curve::Numbers;
    use crate::ecdsa::curve::verified::P256;

    /// P-256, but with a flawed inversion that always returns 1.
    enum Flawed {}

    impl Curve<4> for Flawed {
        type Coordinate = fiat::P256;
        type Scalar = fiat::P256Scalar;
        const NUMBERS: Numbers<4> = P256::NUMBERS;

        fn probable_inverse(_: &[u64; 4]) -> [u64; 4] {
            [1, 0, 0, 0]
        }
    }

    #[test]
    fn a_wrong_inverse_is_computed_again() {
        let Numbers { b, g: [x, y], .. } = P256::NUMBERS;
        for s in [[1, 0, 0, 0], [2, 0, 0, 0], b, x, y] {
            assert_eq!(half_inverse::<Flawed, 4>(&s), half_inverse::<P256, 4>(&s));
            let half = half_inverse::<P256, 4>(&s);
            let product = half.doubled().times(&fiat::P256Scalar::plain(&s));
            assert_eq!(product.words(), [1, 0, 0, 0]);
        }
    }

    /// Checks two constants of every field: 1/2, and the factor that turns a plain number x into
    /// x/2 in Montgomery form.
    #[test]
    fn twice_the_constant_half_is_one() {
        fn check<F: Canonical<N>, const N: usize>() {
            let half = F::new(&F::HALF);
            assert!(half.doubled().minus(&F::one()).is_zero());
            let number = F::MODULUS.map(|word| word >> 3);
            let converted = F::plain(&number).times(&F::HALF_R_SQUARED);
            assert!(converted.doubled().minus(&F::new(&number)).is_zero());
        }
        check::<fiat::P256, 4>();
        check::<fiat::P256Scalar, 4>();
        check::<fiat::P384, 6>();
        check::<fiat::P384Scalar, 6>();
        check::<compact::P256, 4>();
        check::<compact::P256Scalar, 4>();
        check::<compact::P384, 6>();
        check::<compact::P384Scalar, 6>();
        check::<compact::P521, 9>();
        check::<compact::P521Scalar, 9>();
        check::<fiat::Ed25519Scalar, 4>();
        check::<compact::Ed25519Scalar, 4>();
    }
}
