//! The curves P-256 and P-384 (SP 800-186 sections 3.2.1.3 and 3.2.1.4).

use std::sync::OnceLock;

use crypto_bigint::{Odd, U256, U384};

use crate::fiat;
use crate::field::{Canonical, Field};
use crate::limbs;
use crate::number;
use crate::table::Table;

/// A curve y² = x³ - 3x + b of prime order. Coordinates and scalars have N words of 64 bits.
pub(crate) trait Curve<const N: usize> {
    /// The type of coordinates: numbers modulo the curve's prime.
    type Coordinate: Canonical<N>;
    /// The type of scalars: numbers modulo the order of the curve.
    type Scalar: Canonical<N>;
    /// The constant b of the curve's equation.
    const B: [u64; N];
    /// The coordinates x and y of the base point G.
    const G: [[u64; N]; 2];

    /// Computes the inverse of a scalar with fast code that is not formally verified. The caller
    /// must check the result.
    fn probable_inverse(scalar: &[u64; N]) -> Option<[u64; N]>;
}

/// A field for the coordinates of `C`, in which tables are built and sums are computed.
pub(crate) trait TableField<C: Curve<N>, const N: usize>: Field<N> + 'static {
    /// The table of the base point. The first call builds it.
    fn table_of_base_point() -> Option<&'static Table<Self>>;
}

/// Implements `Curve::probable_inverse` with `crypto-bigint`.
macro_rules! probable_inverse {
    ($number:ident, $scalar:expr) => {{
        let of = |words: &[u64]| {
            let octets: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            $number::from_le_slice(&octets)
        };
        let order = Odd::new(of(&Self::Scalar::MODULUS)).into_option()?;
        let inverse = of($scalar).invert_odd_mod_vartime(&order).into_option()?;
        let octets = inverse.to_be_bytes();
        number::read(octets.as_ref())
    }};
}

#[derive(Debug)]
pub(crate) enum P256 {}

#[derive(Debug)]
pub(crate) enum P384 {}

impl Curve<4> for P256 {
    type Coordinate = fiat::P256;
    type Scalar = fiat::P256Scalar;
    const B: [u64; 4] = [
        0x3bce_3c3e_27d2_604b,
        0x651d_06b0_cc53_b0f6,
        0xb3eb_bd55_7698_86bc,
        0x5ac6_35d8_aa3a_93e7,
    ];
    const G: [[u64; 4]; 2] = [
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
    ];

    fn probable_inverse(scalar: &[u64; 4]) -> Option<[u64; 4]> {
        probable_inverse!(U256, scalar)
    }
}

impl Curve<6> for P384 {
    type Coordinate = fiat::P384;
    type Scalar = fiat::P384Scalar;
    const B: [u64; 6] = [
        0x2a85_c8ed_d3ec_2aef,
        0xc656_398d_8a2e_d19d,
        0x0314_088f_5013_875a,
        0x181d_9c6e_fe81_4112,
        0x988e_056b_e3f8_2d19,
        0xb331_2fa7_e23e_e7e4,
    ];
    const G: [[u64; 6]; 2] = [
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
    ];

    fn probable_inverse(scalar: &[u64; 6]) -> Option<[u64; 6]> {
        probable_inverse!(U384, scalar)
    }
}

/// Implements `TableField` for a field.
macro_rules! table_field {
    ($field:ty, $curve:ty, $words:literal) => {
        impl TableField<$curve, $words> for $field {
            fn table_of_base_point() -> Option<&'static Table<Self>> {
                static TABLE: OnceLock<Option<Table<$field>>> = OnceLock::new();
                let [x, y] = &<$curve>::G;
                TABLE.get_or_init(|| Table::new(x, y)).as_ref()
            }
        }
    };
}

table_field!(fiat::P256, P256, 4);
table_field!(fiat::P384, P384, 6);
table_field!(limbs::P256, P256, 4);
table_field!(limbs::P384, P384, 6);
