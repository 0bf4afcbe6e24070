//! Field arithmetic for all curves, with the same short code for every prime.
//!
//! The code of `fiat-crypto` is 10 kB for each prime, and relies on 128-bit products, for which
//! WebAssembly has no instruction. The code in this module takes one kilobyte for all primes
//! together. It is slower, so it is used only where speed matters little: for a few products of
//! scalars per signature, for checks of keys, and for sums without tables.
//!
//! Numbers have limbs of 28 bits, least significant first, and are always below the prime. A
//! product is computed column by column and reduced by Montgomery's method, with R = 2^(28·limbs).
//! With 19 limbs, a column is the sum of a carry and 38 products of 56 bits each, including the
//! products of its reduction. The sum is below 2^62.

use crate::arithmetic::field::{Canonical, Field};
use crate::arithmetic::number;

const BITS: u32 = 28;
const MASK: u32 = (1 << BITS) - 1;

/// A prime, prepared for [`multiply`].
struct Prime<const L: usize> {
    limbs: [u32; L],
    /// -1/p modulo 2^28.
    negative_inverse: u32,
}

/// Computes x·y/R modulo p. All slices have the same length.
#[inline(never)]
fn multiply(x: &[u32], y: &[u32], prime: &[u32], negative_inverse: u32, product: &mut [u32]) {
    let mut sum = 0_u64;
    // Computes the lower half of the columns, and finds the number m for which adding m·p makes
    // these columns 0. Stores m in `product`.
    for place in 0..product.len() {
        let above = place.saturating_add(1);
        sum = sum
            .wrapping_add(column(start(x, above), start(y, above)))
            .wrapping_add(column(start(product, place), end(start(prime, above), 1)));
        let row = low(sum).wrapping_mul(negative_inverse) & MASK;
        let lowest = prime.first().copied().unwrap_or_default();
        sum = sum.wrapping_add(u64::from(row).wrapping_mul(u64::from(lowest))) >> BITS;
        if let Some(limb) = product.get_mut(place) {
            *limb = row;
        }
    }
    // Computes the upper half of the columns. Each limb of the result overwrites a limb of m that
    // is no longer needed.
    for place in 0..product.len() {
        let above = place.saturating_add(1);
        sum = sum
            .wrapping_add(column(end(x, above), end(y, above)))
            .wrapping_add(column(end(product, above), end(prime, above)));
        if let Some(limb) = product.get_mut(place) {
            *limb = low(sum);
        }
        sum >>= BITS;
    }
    // The upper half is (x·y + m·p)/R. It is below 2p, because both factors are below p, and p is
    // below R.
    subtract_if_not_below(product, prime);
}

/// Computes one column of a product: the first limb of `x` times the last limb of `y`, plus the
/// second limb times the last but one, and so on. Both slices have the same length.
#[inline(always)]
fn column(mut x: &[u32], mut y: &[u32]) -> u64 {
    let mut sum = 0_u64;
    // Uses slice patterns, because the compiler leaves iterators as function calls when it
    // optimises for size.
    while let ([a, higher @ ..], [lower @ .., b]) = (x, y) {
        sum = sum.wrapping_add(u64::from(*a).wrapping_mul(u64::from(*b)));
        (x, y) = (higher, lower);
    }
    sum
}

#[inline(always)]
fn start(limbs: &[u32], count: usize) -> &[u32] {
    limbs.get(..count).unwrap_or_default()
}

#[inline(always)]
fn end(limbs: &[u32], from: usize) -> &[u32] {
    limbs.get(from..).unwrap_or_default()
}

/// The lowest 28 bits.
#[inline(always)]
fn low(sum: u64) -> u32 {
    u32::try_from(sum & u64::from(MASK)).unwrap_or_default()
}

/// Adds `other` to `number`, modulo R. The sum of two numbers below p is below R.
#[inline(never)]
fn add(number: &mut [u32], other: &[u32]) {
    let mut carry = 0;
    for (limb, other) in number.iter_mut().zip(other) {
        let sum = limb.wrapping_add(*other).wrapping_add(carry);
        (*limb, carry) = (sum & MASK, sum >> BITS);
    }
}

/// Subtracts `other` from `number`, modulo R. Returns true if `number` was below `other`.
#[inline(never)]
fn subtract(number: &mut [u32], other: &[u32]) -> bool {
    let mut borrow = 0;
    for (limb, other) in number.iter_mut().zip(other) {
        let difference = limb.wrapping_sub(*other).wrapping_sub(borrow);
        // A negative difference sets all bits above the lowest 28.
        (*limb, borrow) = (difference & MASK, difference >> 31);
    }
    borrow == 1
}

/// Reduces a number modulo p. The number must be below 2p.
#[inline(never)]
fn subtract_if_not_below(number: &mut [u32], prime: &[u32]) {
    if subtract(number, prime) {
        add(number, prime);
    }
}

/// Defines a field. `$r_squared` is R² modulo p. `$half` is (p + 1)/2, and `$half_r_squared` is
/// R²/2 modulo p.
macro_rules! field {
    (
        $(#[$doc:meta])*
        $field:ident: [u64; $words:literal] modulo $modulus:expr,
        [u32; $limbs:literal] with $negative_inverse:literal,
        $r_squared:expr, $half:expr, $half_r_squared:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $field([u32; $limbs]);

        impl $field {
            const PRIME: Prime<$limbs> = Prime {
                limbs: number::limbs(&$modulus, BITS),
                negative_inverse: $negative_inverse,
            };
            const R_SQUARED: Self = Self(number::limbs(&$r_squared, BITS));
        }

        impl Field<$words> for $field {
            const MODULUS: [u64; $words] = $modulus;

            fn one() -> Self {
                let mut one = [0; $words];
                one[0] = 1;
                Self::new(&one)
            }

            fn new(number: &[u64; $words]) -> Self {
                Self::plain(number).times(&Self::R_SQUARED)
            }

            fn is_zero(&self) -> bool {
                self.0 == [0; $limbs]
            }

            fn times(&self, Self(other): &Self) -> Self {
                static PRIME: Prime<$limbs> = $field::PRIME;
                let mut product = [0; $limbs];
                multiply(&self.0, other, &PRIME.limbs, PRIME.negative_inverse, &mut product);
                Self(product)
            }

            fn squared(&self) -> Self {
                self.times(self)
            }

            fn plus(&self, Self(other): &Self) -> Self {
                let Self(mut sum) = *self;
                add(&mut sum, other);
                subtract_if_not_below(&mut sum, &Self::PRIME.limbs);
                Self(sum)
            }

            fn minus(&self, Self(other): &Self) -> Self {
                let Self(mut difference) = *self;
                if subtract(&mut difference, other) {
                    add(&mut difference, &Self::PRIME.limbs);
                }
                Self(difference)
            }

            fn negated_if(&self, negate: bool) -> Self {
                let zero = Self([0; $limbs]);
                if negate { zero.minus(self) } else { *self }
            }
        }

        impl Canonical<$words> for $field {
            const HALF: [u64; $words] = $half;
            const HALF_R_SQUARED: Self = Self(number::limbs(&$half_r_squared, BITS));

            fn plain(number: &[u64; $words]) -> Self {
                Self(number::limbs(number, BITS))
            }

            fn words(&self) -> [u64; $words] {
                number::from_limbs(&self.0, BITS)
            }
        }
    };
}

field! {
    /// Coordinates on P-256.
    P256: [u64; 4] modulo [
        0xffff_ffff_ffff_ffff, 0x0000_0000_ffff_ffff, 0x0000_0000_0000_0000, 0xffff_ffff_0000_0001,
    ],
    [u32; 10] with 0x1,
    [
        0x0003_0000_0005_0000, 0xfffa_0000_0000_0000, 0xfffe_ffff_fffb_ffff, 0x0002_ffff_fffa_ffff,
    ],
    [
        0x0000_0000_0000_0000, 0x0000_0000_8000_0000, 0x8000_0000_0000_0000, 0x7fff_ffff_8000_0000,
    ],
    [
        0x0001_8000_0002_8000, 0xfffd_0000_0000_0000, 0xffff_7fff_fffd_ffff, 0x0001_7fff_fffd_7fff,
    ]
}

field! {
    /// Scalars of P-256.
    P256Scalar: [u64; 4] modulo [
        0xf3b9_cac2_fc63_2551, 0xbce6_faad_a717_9e84, 0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000,
    ],
    [u32; 10] with 0x0e00_bc4f,
    [
        0xea7f_bc24_cfb3_6926, 0x4956_a0a7_b863_6a7a, 0xec59_6190_76ab_51d1, 0x83b5_1c1e_84a3_d0b1,
    ],
    [
        0x79dc_e561_7e31_92a9, 0xde73_7d56_d38b_cf42, 0x7fff_ffff_ffff_ffff, 0x7fff_ffff_8000_0000,
    ],
    [
        0x753f_de12_67d9_b493, 0xa4ab_5053_dc31_b53d, 0xf62c_b0c8_3b55_a8e8, 0x41da_8e0f_4251_e858,
    ]
}

field! {
    /// Coordinates on P-384.
    P384: [u64; 6] modulo [
        0x0000_0000_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_fffe, 0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
    ],
    [u32; 14] with 0x1,
    [
        0xfffe_0000_0001_0000, 0x0002_0000_0000_ffff, 0xfffe_0000_0000_0000, 0x0002_0000_0000_ffff,
        0x0000_0000_0001_0000, 0x0000_0000_0000_0000,
    ],
    [
        0x0000_0000_8000_0000, 0x7fff_ffff_8000_0000, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff,
    ],
    [
        0xffff_0000_0000_8000, 0x0001_0000_0000_7fff, 0xffff_0000_0000_0000, 0x0001_0000_0000_7fff,
        0x0000_0000_0000_8000, 0x0000_0000_0000_0000,
    ]
}

field! {
    /// Scalars of P-384.
    P384Scalar: [u64; 6] modulo [
        0xecec_196a_ccc5_2973, 0x581a_0db2_48b0_a77a, 0xc763_4d81_f437_2ddf, 0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
    ],
    [u32; 14] with 0x088f_dc45,
    [
        0x6035_fd09_360e_3cb4, 0xdbd2_73c4_e129_0eb4, 0xd164_ee43_a6ad_dff2, 0x4917_4aab_1cc5_bf02,
        0x5b7a_2826_6895_d40d, 0xee01_2b39_bf21_3fb0,
    ],
    [
        0x7676_0cb5_6662_94ba, 0xac0d_06d9_2458_53bd, 0xe3b1_a6c0_fa1b_96ef, 0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff,
    ],
    [
        0x301a_fe84_9b07_1e5a, 0x6de9_39e2_7094_875a, 0x68b2_7721_d356_eff9, 0xa48b_a555_8e62_df81,
        0x2dbd_1413_344a_ea06, 0x7700_959c_df90_9fd8,
    ]
}

field! {
    /// The field of P-521's coordinates.
    P521: [u64; 9] modulo [
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
        0x0000_0000_0000_01ff,
    ],
    [u32; 19] with 0x1,
    [
        0x0000_0000_0040_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000,
        0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000,
        0x0000_0000_0000_0000,
    ],
    [
        0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000,
        0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000,
        0x0000_0000_0000_0100,
    ],
    [
        0x0000_0000_0020_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000,
        0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000,
        0x0000_0000_0000_0000,
    ]
}

field! {
    /// Scalars of P-521.
    P521Scalar: [u64; 9] modulo [
        0xbb6f_b71e_9138_6409, 0x3bb5_c9b8_899c_47ae, 0x7fcc_0148_f709_a5d0, 0x5186_8783_bf2f_966b,
        0xffff_ffff_ffff_fffa, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
        0x0000_0000_0000_01ff,
    ],
    [u32; 19] with 0x09a9_95c7,
    [
        0xba69_c815_c603_fb63, 0xcd23_38a6_efaf_1cfb, 0x0970_6c15_24db_6de5, 0x6b4a_ce7f_eaaa_8ead,
        0xe567_bccf_f3d1_42b7, 0x2d0d_455b_cc6d_61a8, 0x4438_3d2d_8e03_d149, 0x91a3_9a5b_5a3a_fe8c,
        0x0000_0000_0000_0003,
    ],
    [
        0x5db7_db8f_489c_3205, 0x1dda_e4dc_44ce_23d7, 0xbfe6_00a4_7b84_d2e8, 0x28c3_43c1_df97_cb35,
        0xffff_ffff_ffff_fffd, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
        0x0000_0000_0000_00ff,
    ],
    [
        0x3aec_bf9a_2b9e_2fb6, 0x046c_812f_bca5_b255, 0x449e_36af_0df2_89db, 0xde68_ab01_d4ed_128c,
        0x72b3_de67_f9e8_a158, 0x9686_a2ad_e636_b0d4, 0x221c_1e96_c701_e8a4, 0xc8d1_cd2d_ad1d_7f46,
        0x0000_0000_0000_0101,
    ]
}

#[cfg(any(test, target_arch = "wasm32"))]
field! {
    /// Scalars of Ed25519.
    Ed25519Scalar: [u64; 4] modulo [
        0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0x0000_0000_0000_0000, 0x1000_0000_0000_0000,
    ],
    [u32; 10] with 0x0254_7e1b,
    [
        0xe28b_5e72_3f83_05ab, 0x3f10_ef1d_5ef3_2452, 0xbe65_cb5c_63aa_97a3, 0x0a3d_ceec_73d2_17f5,
    ],
    [
        0x2c09_318d_2e7a_e9f7, 0x0a6f_7cef_517b_ce6b, 0x0000_0000_0000_0000, 0x0800_0000_0000_0000,
    ],
    [
        0x9d4e_e0c6_4e3c_6ccc, 0xa9f7_f47e_00f5_6094, 0xdf32_e5ae_31d5_4bd1, 0x0d1e_e776_39e9_0bfa,
    ]
}

#[cfg(test)]
mod tests;
