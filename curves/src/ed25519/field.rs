//! Arithmetic modulo p = 2^255 - 19, with the formally verified code of `fiat-crypto`.
//!
//! That code is correct only if the limbs of its arguments are within bounds. There are two bounds,
//! and a type for each. The limbs of a [`Field`] are within the tight bounds, as sums and
//! differences require. The limbs of a [`Loose`] are within the loose bounds, which is enough for a
//! factor. A product is a `Field`; a sum or a difference is a `Loose`.

/// Defines the field on top of a module of `fiat-crypto`.
macro_rules! field {
    ($(#[$attribute:meta])* $name:ident, $fiat:ident, [$limb:ty; $limbs:literal]) => {
        $(#[$attribute])*
        pub(crate) mod $name {
            use fiat_crypto::$fiat::{
                fiat_25519_add, fiat_25519_carry, fiat_25519_carry_mul, fiat_25519_carry_square,
                fiat_25519_from_bytes, fiat_25519_loose_field_element, fiat_25519_sub,
                fiat_25519_tight_field_element, fiat_25519_to_bytes,
            };

            use crate::arithmetic::inverse::inverse;
            use crate::arithmetic::number;

            type Limbs = [$limb; $limbs];

            /// A number modulo p.
            #[derive(Clone, Copy, Debug)]
            pub(crate) struct Field(Limbs);

            /// A number modulo p that may be used only as a factor.
            #[derive(Clone, Copy, Debug)]
            pub(crate) struct Loose(Limbs);

            /// A number that may be used as a factor.
            pub(crate) trait Factor {
                /// The limbs, which are within the loose bounds.
                fn limbs(&self) -> &Limbs;

                /// The product of two numbers.
                fn times(&self, other: &impl Factor) -> Field {
                    multiply(self.limbs(), other.limbs())
                }

                /// The square.
                fn squared(&self) -> Field {
                    square(self.limbs())
                }
            }

            impl Factor for Field {
                fn limbs(&self) -> &Limbs {
                    &self.0
                }
            }

            impl Factor for Loose {
                fn limbs(&self) -> &Limbs {
                    &self.0
                }
            }

            // Not inlined, because the function is long and the formulas call it often.
            #[inline(never)]
            fn multiply(a: &Limbs, b: &Limbs) -> Field {
                Field::compute(|product| {
                    fiat_25519_carry_mul(product, &loose(a), &loose(b));
                })
            }

            #[inline(never)]
            fn square(a: &Limbs) -> Field {
                Field::compute(|square| fiat_25519_carry_square(square, &loose(a)))
            }

            fn loose(limbs: &Limbs) -> fiat_25519_loose_field_element {
                fiat_25519_loose_field_element(*limbs)
            }

            impl Loose {
                fn compute(function: impl FnOnce(&mut fiat_25519_loose_field_element)) -> Self {
                    let mut result = fiat_25519_loose_field_element([0; $limbs]);
                    function(&mut result);
                    Self(result.0)
                }

                /// The same number, with limbs within the tight bounds.
                #[inline(never)]
                pub(crate) fn carried(&self) -> Field {
                    Field::compute(|carried| fiat_25519_carry(carried, &loose(&self.0)))
                }
            }

            impl Field {
                pub(crate) const ZERO: Self = Self([0; $limbs]);
                pub(crate) const ONE: Self = {
                    let mut one = [0; $limbs];
                    one[0] = 1;
                    Self(one)
                };
                /// The prime p.
                const MODULUS: [u64; 4] = [
                    0xffff_ffff_ffff_ffed,
                    0xffff_ffff_ffff_ffff,
                    0xffff_ffff_ffff_ffff,
                    0x7fff_ffff_ffff_ffff,
                ];

                fn compute(function: impl FnOnce(&mut fiat_25519_tight_field_element)) -> Self {
                    let mut result = fiat_25519_tight_field_element([0; $limbs]);
                    function(&mut result);
                    Self(result.0)
                }

                fn tight(&self) -> fiat_25519_tight_field_element {
                    fiat_25519_tight_field_element(self.0)
                }

                /// Reads a little-endian number, modulo p. Ignores the highest bit.
                pub(crate) const fn new(mut octets: [u8; 32]) -> Self {
                    octets[31] &= 0x7f;
                    let mut number = fiat_25519_tight_field_element([0; $limbs]);
                    fiat_25519_from_bytes(&mut number, &octets);
                    Self(number.0)
                }

                /// The number as it is below p, little-endian.
                pub(crate) fn octets(&self) -> [u8; 32] {
                    let mut octets = [0; 32];
                    fiat_25519_to_bytes(&mut octets, &self.tight());
                    octets
                }

                /// Returns true if both numbers are the same modulo p.
                pub(crate) fn equals(&self, other: &Self) -> bool {
                    self.octets() == other.octets()
                }

                /// The same number as a factor.
                pub(crate) fn loose(&self) -> Loose {
                    Loose(self.0)
                }

                /// The sum of two numbers.
                pub(crate) fn plus(&self, other: &Self) -> Loose {
                    Loose::compute(|sum| fiat_25519_add(sum, &self.tight(), &other.tight()))
                }

                /// The difference of two numbers.
                pub(crate) fn minus(&self, other: &Self) -> Loose {
                    Loose::compute(|difference| {
                        fiat_25519_sub(difference, &self.tight(), &other.tight());
                    })
                }

                /// Raises the number to a power.
                pub(crate) fn power(&self, exponent: &[u64; 4]) -> Self {
                    number::bits(exponent).fold(Self::ONE, |power, bit| {
                        let square = power.squared();
                        if bit { square.times(self) } else { square }
                    })
                }

                /// The inverse. Returns 0 for 0, which has no inverse.
                pub(crate) fn inverse(&self) -> Self {
                    let mut octets = self.octets();
                    let words = |octets: &[u8; 32]| {
                        let (words, _) = octets.as_chunks();
                        let mut words = words.iter().copied().map(u64::from_le_bytes);
                        [(); 4].map(|()| words.next().unwrap_or_default())
                    };
                    let inverse = inverse(&words(&octets), &Self::MODULUS);
                    let inverse = inverse.map(u64::to_le_bytes);
                    octets.copy_from_slice(inverse.as_flattened());
                    self.checked_inverse(&Self::new(octets))
                }

                /// Returns `inverse` if it is the inverse. Otherwise computes the inverse by Fermat's
                /// little theorem. A wrong inverse could make an invalid signature pass.
                pub(super) fn checked_inverse(&self, inverse: &Self) -> Self {
                    if self.times(inverse).equals(&Self::ONE) {
                        return *inverse;
                    }
                    let mut exponent = Self::MODULUS;
                    exponent[0] = 0xffff_ffff_ffff_ffeb;
                    self.power(&exponent)
                }
            }
        }
    };
}

#[cfg(any(test, not(target_arch = "wasm32")))]
field! {
    /// Five limbs, and products of 128 bits.
    wide, curve25519_64, [u64; 5]
}
#[cfg(any(test, target_arch = "wasm32"))]
field! {
    /// Ten limbs, and products of 64 bits. WebAssembly has no instruction for longer products.
    narrow, curve25519_32, [u32; 10]
}

#[cfg(target_arch = "wasm32")]
pub(crate) use self::narrow::{Factor, Field, Loose};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use self::wide::{Factor, Field, Loose};

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::{narrow, wide};

    /// Numbers with long runs of equal bits, and numbers near 0, p and 2p.
    fn numbers() -> Vec<[u8; 32]> {
        let mut numbers = Vec::new();
        for low in (0..=3)
            .chain([0x12, 0x13, 0x80, 0xda, 0xdb])
            .chain(0xec..=0xff)
        {
            for (middle, high) in [(0, 0), (0xff, 0x7f), (0xff, 0x80), (0x55, 0x2a), (0, 0xff)] {
                let mut number = [middle; 32];
                (number[0], number[31]) = (low, high);
                numbers.push(number);
            }
        }
        numbers
    }

    /// Runs formulas that use every operation. All factors that can be loose are loose.
    macro_rules! formulas {
        ($field:ident, $a:expr, $b:expr) => {{
            use $field::{Factor as _, Field};

            let [a, b] = [Field::new(*$a), Field::new(*$b)];
            let product = a.plus(&b).times(&a.minus(&b));
            let difference = a.squared().minus(&b.squared());
            assert!(product.equals(&difference.carried()), "{:x?} {:x?}", $a, $b);
            let square = b.loose().times(&a).plus(&b).squared();
            let sum = product.plus(&square).carried();
            [a, b, product, square, sum, b.times(&product)].map(|number| number.octets())
        }};
    }

    #[test]
    fn both_fields_compute_the_same() {
        let numbers = numbers();
        for a in &numbers {
            for b in &numbers {
                assert_eq!(
                    formulas!(wide, a, b),
                    formulas!(narrow, a, b),
                    "{a:x?} {b:x?}"
                );
            }
        }
    }

    /// Checks that an inverse is right, and that a wrong inverse is computed again.
    macro_rules! check_inverse {
        ($field:ident, $number:expr) => {{
            use $field::{Factor as _, Field};

            let number = Field::new(*$number);
            let inverse = number.inverse();
            let product = number.times(&inverse);
            let is_zero = number.equals(&Field::ZERO);
            assert!(product.equals(if is_zero { &Field::ZERO } else { &Field::ONE }));
            for wrong in [
                Field::ZERO,
                Field::ONE,
                number,
                inverse.plus(&Field::ONE).carried(),
            ] {
                assert!(
                    number.checked_inverse(&wrong).equals(&inverse),
                    "{:x?}",
                    $number
                );
            }
        }};
    }

    #[test]
    fn inverses_are_right_even_if_the_fast_inversion_is_not() {
        for number in &numbers() {
            check_inverse!(wide, number);
            check_inverse!(narrow, number);
        }
    }

    #[test]
    fn octets_are_reduced() {
        let mut p = [0xff; 32];
        (p[0], p[31]) = (0xed, 0x7f);
        let mut past = p;
        past[0] += 5;
        for (octets, expected) in [(p, 0), (past, 5)] {
            let mut reduced = [0; 32];
            reduced[0] = expected;
            assert_eq!(wide::Field::new(octets).octets(), reduced);
            assert_eq!(narrow::Field::new(octets).octets(), reduced);
        }
    }
}
