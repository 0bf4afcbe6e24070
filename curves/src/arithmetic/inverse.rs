//! The inverse of a public number modulo an odd prime.
//!
//! The method is safegcd (D. J. Bernstein, B.-Y. Yang, "Fast constant-time gcd computation and
//! modular inversion", 2019) in the variant that libsecp256k1 uses for public numbers. It works on
//! two numbers: f begins as the modulus, and g as the number to invert. To compute 30 division
//! steps at a time, it needs only the lowest bits of f and g. It then applies these steps to the
//! whole numbers.
//!
//! The caller must check the result, for example by multiplying it by the number that was inverted.

use std::num::Wrapping;

use crate::arithmetic::number;

/// The number of bits of a limb. Limbs are stored as `i32`, and the last limb has the sign of the
/// number.
const BITS: u32 = 30;
const MASK: u32 = (1 << BITS) - 1;
/// The number of limbs that are needed for nine 64-bit words and a sign.
const LIMBS: usize = 20;
/// The maximum number of rounds of 30 steps. For 576 bits, 1,662 division steps suffice.
const MAX_ROUNDS: usize = 60;

type Wide = Wrapping<i64>;

/// The effect of 30 division steps. They replace f with (u·f + v·g)/2^30, and they replace g with
/// (q·f + r·g)/2^30.
struct Steps {
    u: Wide,
    v: Wide,
    q: Wide,
    r: Wide,
}

/// Computes the inverse of `number` modulo `modulus`. The number must be at least 1 and below the
/// modulus.
pub(crate) fn inverse<const N: usize>(number: &[u64; N], modulus: &[u64; N]) -> [u64; N] {
    let signed = |words| number::limbs::<N, LIMBS>(words, BITS).map(u32::cast_signed);
    let modulus_limbs = signed(modulus);
    let mut one = [0; N];
    if let Some(lowest) = one.first_mut() {
        *lowest = 1;
    }
    let (mut f, mut g, mut d, mut e) = (modulus_limbs, signed(number), [0; LIMBS], signed(&one));
    // The number of limbs for N words and a sign.
    let count = N.saturating_mul(64).wrapping_div(30).saturating_add(1);
    let limbs = [&mut f, &mut g, &mut d, &mut e].map(|limbs| limbs.get_mut(..count));
    if let [Some(f), Some(g), Some(d), Some(e)] = limbs {
        let modulus = modulus_limbs.get(..count).unwrap_or_default();
        divide(f, g, d, e, modulus);
    }
    let inverse = number::from_limbs(&d.map(i32::cast_unsigned), BITS);
    number::difference(&inverse, modulus).unwrap_or(inverse)
}

/// Runs division steps until g is 0. At that point, f is 1 or -1, and the product of d and the
/// number to invert equals f modulo the modulus. Finally turns d into the inverse, which is then
/// between 0 and twice the modulus.
fn divide(f: &mut [i32], g: &mut [i32], d: &mut [i32], e: &mut [i32], modulus: &[i32]) {
    let inverse = inverse_of_lowest(lowest_bits(modulus));
    let mut eta = -1;
    let mut length = f.len();
    for _ in 0..MAX_ROUNDS {
        let (Some(f), Some(g)) = (f.get_mut(..length), g.get_mut(..length)) else {
            return;
        };
        let steps = division_steps(&mut eta, lowest_bits(f), lowest_bits(g));
        apply(&steps, d, e, Some((modulus, inverse)));
        apply(&steps, f, g, None);
        if g.iter().all(|limb| *limb == 0) {
            break;
        }
        length = without_signs(f, g);
    }
    let is_negative = f
        .get(..length)
        .and_then(<[i32]>::last)
        .is_some_and(|limb| *limb < 0);
    let sign = if is_negative { -1 } else { 1 };
    scale_and_add(d, sign, &[]);
    // At this point d is above -2·modulus, so adding the modulus at most twice makes d nonnegative.
    for _ in 0..2 {
        if d.last().is_some_and(|limb| *limb < 0) {
            scale_and_add(d, 1, modulus);
        }
    }
}

/// The lowest 32 bits of a number.
fn lowest_bits(limbs: &[i32]) -> Wrapping<u32> {
    match limbs {
        [lowest, next, ..] => Wrapping(lowest.cast_unsigned() | next.cast_unsigned() << BITS),
        [lowest] => Wrapping(lowest.cast_unsigned()),
        [] => Wrapping(0),
    }
}

/// Computes 1/x modulo 2^30 for an odd x, by Newton's method. The method starts with x, which is
/// its own inverse modulo 2^3.
fn inverse_of_lowest(x: Wrapping<u32>) -> Wrapping<u32> {
    (0..4).fold(x, |inverse, _| inverse * (Wrapping(2) - x * inverse))
}

/// Computes 30 division steps. `eta` is b - a, where a and b are upper bounds for the lengths of f
/// and g in bits.
fn division_steps(eta: &mut i32, mut f: Wrapping<u32>, mut g: Wrapping<u32>) -> Steps {
    let [mut u, mut v, mut q, mut r] = [1, 0, 0, 1].map(Wrapping::<u32>);
    let mut left = BITS;
    loop {
        let Wrapping(bits) = g;
        let zeros = (bits | u32::MAX << left).trailing_zeros();
        let shift = usize::try_from(zeros).unwrap_or_default();
        (g, u, v) = (g >> shift, u << shift, v << shift);
        *eta = eta.wrapping_sub_unsigned(zeros);
        left = left.saturating_sub(zeros);
        if left == 0 {
            let wide = |Wrapping(x): Wrapping<u32>| Wrapping(i64::from(x.cast_signed()));
            let [u, v, q, r] = [u, v, q, r].map(wide);
            return Steps { u, v, q, r };
        }
        if *eta < 0 {
            *eta = eta.wrapping_neg();
            (f, g, u, q, v, r) = (g, -f, q, -u, r, -v);
        }
        // Adds the multiple of f that makes the lowest bits of g 0. This clears up to six bits at
        // once. It never clears more bits than there are steps left before f and g are swapped, or
        // before the 30 steps end.
        let steps = eta.unsigned_abs().saturating_add(1).min(left);
        let mask = Wrapping((u32::MAX >> 32_u32.saturating_sub(steps)) & 63);
        let multiple = (f * g * (f * f - Wrapping(2))) & mask;
        (g, q, r) = (g + f * multiple, q + u * multiple, r + v * multiple);
    }
}

/// Replaces x with (u·x + v·y)/2^30 and y with (q·x + r·y)/2^30. If `modulus` is given (with its
/// inverse modulo 2^30), adds the multiples of the modulus that make these divisions exact.
fn apply(steps: &Steps, x: &mut [i32], y: &mut [i32], modulus: Option<(&[i32], Wrapping<u32>)>) {
    let Steps { u, v, q, r } = steps;
    let (modulus, inverse) = modulus.unwrap_or_default();
    let is_negative = |limbs: &[i32]| limbs.last().is_some_and(|limb| *limb < 0);
    let first = |limbs: &[i32]| wide(limbs.first().copied().unwrap_or_default());
    let (x0, y0) = (first(x), first(y));
    // The results stay above -2·modulus, because the modulus is first added to x and y where they
    // are negative.
    let signs = [is_negative(x), is_negative(y)].map(|sign| Wrapping(i64::from(sign)));
    let multiple = |a: &Wide, b: &Wide| {
        let added = *a * signs[0] + *b * signs[1];
        let excess = inverse * lowest(*a * x0 + *b * y0) + lowest(added);
        added - Wrapping(i64::from(excess.0 & MASK))
    };
    let (for_x, for_y) = (multiple(u, v), multiple(q, r));
    let mut moduli = modulus.iter();
    let (mut x_sum, mut y_sum) = (Wrapping(0), Wrapping(0));
    for (x, y) in x.iter_mut().zip(&mut *y) {
        let (old_x, old_y) = (wide(*x), wide(*y));
        let modulus = wide(moduli.next().copied().unwrap_or_default());
        x_sum += *u * old_x + *v * old_y + for_x * modulus;
        y_sum += *q * old_x + *r * old_y + for_y * modulus;
        (*x, *y) = (low_limb(x_sum), low_limb(y_sum));
        (x_sum, y_sum) = (x_sum >> 30, y_sum >> 30);
    }
    // Divides by 2^30. The lowest limbs are 0, so dropping them is enough.
    for (limbs, sum) in [(x, x_sum), (y, y_sum)] {
        limbs.rotate_left(1);
        if let Some(last) = limbs.last_mut() {
            *last = lowest(sum).0.cast_signed();
        }
    }
}

/// Shortens f and g if their last limbs contain only signs. Returns the number of remaining limbs.
fn without_signs(f: &mut [i32], g: &mut [i32]) -> usize {
    let length = f.len();
    let ([.., before_f, f], [.., before_g, g]) = (f, g) else {
        return length;
    };
    let is_sign = |limb: i32| limb == 0 || limb == -1;
    if !is_sign(*f) || !is_sign(*g) {
        return length;
    }
    *before_f |= *f << BITS;
    *before_g |= *g << BITS;
    length.saturating_sub(1)
}

/// Replaces x with `sign`·x + y.
fn scale_and_add(x: &mut [i32], sign: i64, y: &[i32]) {
    let mut others = y.iter();
    let mut sum = Wrapping(0);
    let mut left = x.len();
    for limb in x {
        left = left.saturating_sub(1);
        sum += Wrapping(sign) * wide(*limb) + wide(others.next().copied().unwrap_or_default());
        let is_last = left == 0;
        *limb = if is_last {
            lowest(sum).0.cast_signed()
        } else {
            low_limb(sum)
        };
        sum >>= 30;
    }
}

fn wide(limb: i32) -> Wide {
    Wrapping(i64::from(limb))
}

/// The lowest 32 bits.
fn lowest(Wrapping(sum): Wide) -> Wrapping<u32> {
    let [a, b, c, d, ..] = sum.to_le_bytes();
    Wrapping(u32::from_le_bytes([a, b, c, d]))
}

/// The lowest 30 bits.
fn low_limb(sum: Wide) -> i32 {
    (lowest(sum).0 & MASK).cast_signed()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::arithmetic::compact;
    use crate::arithmetic::field::Canonical;
    use crate::arithmetic::limbs::tests::numbers;

    fn every_inverse_is_right<F: Canonical<N>, const N: usize>() {
        for number in numbers::<F, N>() {
            if number == [0; N] {
                continue;
            }
            let inverse = inverse(&number, &F::MODULUS);
            assert!(number::is_below(&inverse, &F::MODULUS), "{number:x?}");
            let product = F::new(&number).times(&F::new(&inverse));
            assert!(product.minus(&F::one()).is_zero(), "{number:x?}");
        }
    }

    #[test]
    fn every_inverse_on_p256_is_right() {
        every_inverse_is_right::<compact::P256, 4>();
        every_inverse_is_right::<compact::P256Scalar, 4>();
    }

    #[test]
    fn every_inverse_on_p384_is_right() {
        every_inverse_is_right::<compact::P384, 6>();
        every_inverse_is_right::<compact::P384Scalar, 6>();
    }

    #[test]
    fn every_inverse_on_p521_is_right() {
        every_inverse_is_right::<compact::P521, 9>();
        every_inverse_is_right::<compact::P521Scalar, 9>();
    }
}
