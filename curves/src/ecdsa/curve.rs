//! The curves P-256, P-384 and P-521 (SP 800-186 sections 3.2.1.3 to 3.2.1.5).

use std::sync::OnceLock;

use crate::arithmetic::field::Canonical;
use crate::arithmetic::field::Field;
use crate::arithmetic::inverse::inverse;
use crate::arithmetic::limbs;
use crate::arithmetic::words;
use crate::ecdsa::table::Table;

/// A curve y² = x³ - 3x + b of prime order. Coordinates and scalars have N words of 64 bits.
pub(crate) trait Curve<const N: usize> {
    /// The type of coordinates: numbers modulo the curve's prime.
    type Coordinate: Canonical<N>;
    /// The type of scalars: numbers modulo the order of the curve.
    type Scalar: Canonical<N>;
    /// The numbers that define the curve.
    const NUMBERS: Numbers<N>;

    /// Computes the inverse of a scalar with fast code that is not formally verified. The caller
    /// must check the result.
    fn probable_inverse(scalar: &[u64; N]) -> [u64; N] {
        inverse(scalar, &Self::Scalar::MODULUS)
    }
}

/// The numbers that define a curve.
pub(crate) struct Numbers<const N: usize> {
    /// The number of octets of a coordinate and of a scalar.
    pub(crate) octets: usize,
    /// The number of octets of a digest of the curve's hash function (RFC 7518 section 3.4).
    pub(crate) digest_octets: usize,
    /// The constant b of the curve's equation.
    pub(crate) b: [u64; N],
    /// The coordinates x and y of the base point G.
    pub(crate) g: [[u64; N]; 2],
    /// The number of blocks of a table (see `table`). At most N.
    pub(crate) comb_blocks: usize,
    /// (2^D - 1)/2 modulo the order, where D is the number of digits (see `table`).
    pub(crate) comb_offset: [u64; N],
}

/// A field for coordinates. Tables and sums are computed in this field.
pub(crate) trait TableField<const N: usize>: Field<N> + 'static {
    /// The table of the base point. The first call builds it.
    fn table_of_base_point() -> Option<&'static Table<Self>>;
}

const P256: Numbers<4> = Numbers {
    octets: 32,
    digest_octets: 32,
    b: [
        0x3bce_3c3e_27d2_604b,
        0x651d_06b0_cc53_b0f6,
        0xb3eb_bd55_7698_86bc,
        0x5ac6_35d8_aa3a_93e7,
    ],
    g: [
        [
            0xf4a1_3945_d898_c296,
            0x7703_7d81_2deb_33a0,
            0xf8bc_e6e5_63a4_40f2,
            0x6b17_d1f2_e12c_4247,
        ],
        [
            0xcbb6_4068_37bf_51f5,
            0x2bce_3357_6b31_5ece,
            0x8ee7_eb4a_7c0f_9e16,
            0x4fe3_42e2_fe1a_7f9b,
        ],
    ],
    comb_blocks: 3,
    comb_offset: [
        0x9cf7_83e3_4c9e_ea28,
        0x6af6_2683_47bc_8cc8,
        0x8000_0000_0000_0021,
        0x8000_007f_7fff_ff80,
    ],
};

const P384: Numbers<6> = Numbers {
    octets: 48,
    digest_octets: 48,
    b: [
        0x2a85_c8ed_d3ec_2aef,
        0xc656_398d_8a2e_d19d,
        0x0314_088f_5013_875a,
        0x181d_9c6e_fe81_4112,
        0x988e_056b_e3f8_2d19,
        0xb331_2fa7_e23e_e7e4,
    ],
    g: [
        [
            0x3a54_5e38_7276_0ab7,
            0x5502_f25d_bf55_296c,
            0x59f7_41e0_8254_2a38,
            0x6e1d_3b62_8ba7_9b98,
            0x8eb1_c71e_f320_ad74,
            0xaa87_ca22_be8b_0537,
        ],
        [
            0x7a43_1d7c_90ea_0e5f,
            0x0a60_b1ce_1d7e_819d,
            0xe9da_3113_b5f0_b8c0,
            0xf8f4_1dbd_289a_147c,
            0x5d9e_98bf_9292_dc29,
            0x3617_de4a_9626_2c6f,
        ],
    ],
    comb_blocks: 6,
    comb_offset: [
        0x8989_f34a_999d_6b46,
        0x53f2_f926_dba7_ac42,
        0x1c4e_593f_05e4_6910,
        0x0000_0000_0000_0000,
        0x0000_0000_0000_0000,
        0x0000_0000_0000_0000,
    ],
};

const P521: Numbers<9> = Numbers {
    octets: 66,
    digest_octets: 64,
    b: [
        0xef45_1fd4_6b50_3f00,
        0x3573_df88_3d2c_34f1,
        0x1652_c0bd_3bb1_bf07,
        0x5619_3951_ec7e_937b,
        0xb8b4_8991_8ef1_09e1,
        0xa2da_725b_99b3_15f3,
        0x929a_21a0_b685_40ee,
        0x953e_b961_8e1c_9a1f,
        0x0000_0000_0000_0051,
    ],
    g: [
        [
            0xf97e_7e31_c2e5_bd66,
            0x3348_b3c1_856a_429b,
            0xfe1d_c127_a2ff_a8de,
            0xa14b_5e77_efe7_5928,
            0xf828_af60_6b4d_3dba,
            0x9c64_8139_053f_b521,
            0x9e3e_cb66_2395_b442,
            0x858e_06b7_0404_e9cd,
            0x0000_0000_0000_00c6,
        ],
        [
            0x88be_9476_9fd1_6650,
            0x353c_7086_a272_c240,
            0xc550_b901_3fad_0761,
            0x97ee_7299_5ef4_2640,
            0x17af_bd17_273e_662c,
            0x98f5_4449_579b_4468,
            0x5c8a_5fb4_2c7d_1bd9,
            0x3929_6a78_9a3b_c004,
            0x0000_0000_0000_0118,
        ],
    ],
    comb_blocks: 9,
    comb_offset: [
        0x5b77_db8f_489c_3204,
        0x322c_08ee_7d29_d5be,
        0x4bd7_1332_0d62_6bd6,
        0x8de3_50c1_8d5a_08cc,
        0x016b_9e5e_1f10_3417,
        0x0000_0000_0000_0000,
        0x0000_0000_0000_0000,
        0x0000_0000_0000_0000,
        0x0000_0000_0000_0100,
    ],
};

/// Defines a curve by its numbers and its types for coordinates and scalars.
macro_rules! curve {
    ($curve:ident, $numbers:expr, $coordinate:ty, $scalar:ty, $words:literal) => {
        #[derive(Debug)]
        pub(crate) enum $curve {}

        impl curve::Curve<$words> for $curve {
            type Coordinate = $coordinate;
            type Scalar = $scalar;
            const NUMBERS: curve::Numbers<$words> = $numbers;
        }
    };
}

/// The curves with the arithmetic of `fiat-crypto`.
pub(crate) mod verified {
    use crate::arithmetic::fiat;
    use crate::ecdsa::curve;

    curve!(P256, curve::P256, fiat::P256, fiat::P256Scalar, 4);
    curve!(P384, curve::P384, fiat::P384, fiat::P384Scalar, 6);
}

/// The curves with the arithmetic of `compact`, which has the same code for all curves.
pub(crate) mod compact {
    use crate::arithmetic::compact;
    use crate::ecdsa::curve;

    curve!(P256, curve::P256, compact::P256, compact::P256Scalar, 4);
    curve!(P384, curve::P384, compact::P384, compact::P384Scalar, 6);
    curve!(P521, curve::P521, compact::P521, compact::P521Scalar, 9);
}

/// Implements `TableField` for a field.
macro_rules! table_field {
    ($field:ty, $numbers:expr, $words:literal) => {
        impl TableField<$words> for $field {
            fn table_of_base_point() -> Option<&'static Table<Self>> {
                static TABLE: OnceLock<Option<Table<$field>>> = OnceLock::new();
                let Numbers { comb_blocks, g, .. } = &$numbers;
                TABLE.get_or_init(|| Table::new(*comb_blocks, g)).as_ref()
            }
        }
    };
}

table_field!(crate::arithmetic::fiat::P256, P256, 4);
table_field!(crate::arithmetic::fiat::P384, P384, 6);
table_field!(words::P256, P256, 4);
table_field!(limbs::P256, P256, 4);
table_field!(limbs::P384, P384, 6);
table_field!(limbs::P521, P521, 9);

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::{Curve, Field as _, compact, verified};
    use crate::arithmetic::field::Canonical as _;

    /// Checks that 2·`comb_offset` + 1 equals 2^D modulo the order.
    fn offset_is_right<C: Curve<N>, const N: usize>() {
        let offset = C::Scalar::new(&C::NUMBERS.comb_offset);
        let two = C::Scalar::one().doubled();
        let digits = 8 * (8 * N).next_multiple_of(C::NUMBERS.comb_blocks);
        let power = (0..digits).fold(C::Scalar::one(), |power, _| power.times(&two));
        let sum = offset.doubled().plus(&C::Scalar::one());
        assert!(sum.minus(&power).is_zero());
        assert!(C::Scalar::plain(&C::NUMBERS.comb_offset).words() == C::NUMBERS.comb_offset);
    }

    #[test]
    fn offsets_of_combs_are_right() {
        offset_is_right::<verified::P256, 4>();
        offset_is_right::<verified::P384, 6>();
        offset_is_right::<compact::P521, 9>();
    }
}
