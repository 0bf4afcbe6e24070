//! Field arithmetic for P-256 and P-384, and for scalars of Ed25519, with the formally verified code
//! of `fiat-crypto`.
//!
//! Every function requires reduced numbers and returns reduced numbers. So two equal numbers always
//! have equal words.

#[cfg(any(test, not(target_arch = "wasm32")))]
use fiat_crypto::curve25519_scalar_64;
use fiat_crypto::{p256_64, p256_scalar_64, p384_64, p384_scalar_64};

use crate::arithmetic::field::{Canonical, Field};

/// Defines a field. `$words` is the number of 64-bit words of a number. `$half` is (modulus + 1)/2,
/// which is 1/2 in the field.
macro_rules! field {
    (
        $(#[$doc:meta])*
        $field:ident: [u64; $words:literal] modulo $modulus:expr, $half:expr,
        $fiat:ident::{
            $element:ident, $number:ident, $one:ident, $convert:ident, $multiply:ident,
            $square:ident, $add:ident, $subtract:ident, $negate:ident, $select:ident
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $field([u64; $words]);

        impl $field {
            const fn converted(number: [u64; $words]) -> Self {
                let mut element = $fiat::$element([0; $words]);
                $fiat::$convert(&mut element, &$fiat::$number(number));
                Self(element.0)
            }

            fn compute(function: impl FnOnce(&mut $fiat::$element)) -> Self {
                let mut result = $fiat::$element([0; $words]);
                function(&mut result);
                Self(result.0)
            }

            const fn element(&self) -> $fiat::$element {
                $fiat::$element(self.0)
            }
        }

        impl Field<$words> for $field {
            const MODULUS: [u64; $words] = $modulus;

            fn one() -> Self {
                Self::compute($fiat::$one)
            }

            fn new(number: &[u64; $words]) -> Self {
                Self::converted(*number)
            }

            fn is_zero(&self) -> bool {
                self.0 == [0; $words]
            }

            // Not inlined, because the function is long and the formulas call it often.
            #[inline(never)]
            fn times(&self, other: &Self) -> Self {
                Self::compute(|product| {
                    $fiat::$multiply(product, &self.element(), &other.element());
                })
            }

            #[inline(never)]
            fn squared(&self) -> Self {
                Self::compute(|square| $fiat::$square(square, &self.element()))
            }

            fn plus(&self, other: &Self) -> Self {
                Self::compute(|sum| $fiat::$add(sum, &self.element(), &other.element()))
            }

            fn minus(&self, other: &Self) -> Self {
                Self::compute(|difference| {
                    $fiat::$subtract(difference, &self.element(), &other.element());
                })
            }

            fn negated_if(&self, negate: bool) -> Self {
                let negated = Self::compute(|negated| $fiat::$negate(negated, &self.element()));
                let mut selected = [0; $words];
                $fiat::$select(&mut selected, u8::from(negate), &self.0, &negated.0);
                Self(selected)
            }
        }

        impl Canonical<$words> for $field {
            const HALF: [u64; $words] = $half;
            const HALF_R_SQUARED: Self = Self::converted(Self::converted(Self::HALF).0);

            fn plain(number: &[u64; $words]) -> Self {
                Self(*number)
            }

            fn words(&self) -> [u64; $words] {
                self.0
            }
        }
    };
}

field! {
    /// Coordinates on P-256.
    P256: [u64; 4] modulo [
        0xffff_ffff_ffff_ffff, 0x0000_0000_ffff_ffff, 0x0000_0000_0000_0000,
        0xffff_ffff_0000_0001,
    ],
    [
        0x0000_0000_0000_0000, 0x0000_0000_8000_0000, 0x8000_0000_0000_0000,
        0x7fff_ffff_8000_0000,
    ],
    p256_64::{
        fiat_p256_montgomery_domain_field_element,
        fiat_p256_non_montgomery_domain_field_element,
        fiat_p256_set_one, fiat_p256_to_montgomery, fiat_p256_mul, fiat_p256_square,
        fiat_p256_add, fiat_p256_sub, fiat_p256_opp, fiat_p256_selectznz
    }
}

field! {
    /// Scalars of P-256.
    P256Scalar: [u64; 4] modulo [
        0xf3b9_cac2_fc63_2551, 0xbce6_faad_a717_9e84, 0xffff_ffff_ffff_ffff,
        0xffff_ffff_0000_0000,
    ],
    [
        0x79dc_e561_7e31_92a9, 0xde73_7d56_d38b_cf42, 0x7fff_ffff_ffff_ffff,
        0x7fff_ffff_8000_0000,
    ],
    p256_scalar_64::{
        fiat_p256_scalar_montgomery_domain_field_element,
        fiat_p256_scalar_non_montgomery_domain_field_element,
        fiat_p256_scalar_set_one, fiat_p256_scalar_to_montgomery, fiat_p256_scalar_mul,
        fiat_p256_scalar_square, fiat_p256_scalar_add, fiat_p256_scalar_sub,
        fiat_p256_scalar_opp, fiat_p256_scalar_selectznz
    }
}

field! {
    /// Coordinates on P-384.
    P384: [u64; 6] modulo [
        0x0000_0000_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_fffe,
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
    ],
    [
        0x0000_0000_8000_0000, 0x7fff_ffff_8000_0000, 0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff,
    ],
    p384_64::{
        fiat_p384_montgomery_domain_field_element,
        fiat_p384_non_montgomery_domain_field_element,
        fiat_p384_set_one, fiat_p384_to_montgomery, fiat_p384_mul, fiat_p384_square,
        fiat_p384_add, fiat_p384_sub, fiat_p384_opp, fiat_p384_selectznz
    }
}

field! {
    /// Scalars of P-384.
    P384Scalar: [u64; 6] modulo [
        0xecec_196a_ccc5_2973, 0x581a_0db2_48b0_a77a, 0xc763_4d81_f437_2ddf,
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
    ],
    [
        0x7676_0cb5_6662_94ba, 0xac0d_06d9_2458_53bd, 0xe3b1_a6c0_fa1b_96ef,
        0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff,
    ],
    p384_scalar_64::{
        fiat_p384_scalar_montgomery_domain_field_element,
        fiat_p384_scalar_non_montgomery_domain_field_element,
        fiat_p384_scalar_set_one, fiat_p384_scalar_to_montgomery, fiat_p384_scalar_mul,
        fiat_p384_scalar_square, fiat_p384_scalar_add, fiat_p384_scalar_sub,
        fiat_p384_scalar_opp, fiat_p384_scalar_selectznz
    }
}

#[cfg(any(test, not(target_arch = "wasm32")))]
field! {
    /// Scalars of Ed25519.
    Ed25519Scalar: [u64; 4] modulo [
        0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0x0000_0000_0000_0000,
        0x1000_0000_0000_0000,
    ],
    [
        0x2c09_318d_2e7a_e9f7, 0x0a6f_7cef_517b_ce6b, 0x0000_0000_0000_0000,
        0x0800_0000_0000_0000,
    ],
    curve25519_scalar_64::{
        fiat_25519_scalar_montgomery_domain_field_element,
        fiat_25519_scalar_non_montgomery_domain_field_element,
        fiat_25519_scalar_set_one, fiat_25519_scalar_to_montgomery, fiat_25519_scalar_mul,
        fiat_25519_scalar_square, fiat_25519_scalar_add, fiat_25519_scalar_sub,
        fiat_25519_scalar_opp, fiat_25519_scalar_selectznz
    }
}
