//! Compares the project's modular exponentiation with the crates `num-bigint` and `crypto-bigint`.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use num_bigint::BigUint;
use portcullis::jose::crypto::portable::modexp::Modulus;

use crate::{Random, padded};
use support::times::times;

#[test]
fn powers_equal_those_of_two_other_crates() {
    let cases = u64::from(times(3_000));
    let mut random = Random(0x00c0_ffee);
    let mut large = 0;
    for case in 0..cases {
        let bits = size(&mut random);
        large += u64::from(bits >= 2048);
        let modulus = modulus(&mut random, bits);
        let base = shape(&mut random, bits) % &modulus;
        let exponent = exponent(&mut random);
        compare(&modulus, &base, exponent, case);
    }
    assert!(large >= cases / 100, "{large} moduli of 2048 to 8192 bits");
}

#[test]
fn extreme_bases_of_extreme_moduli() {
    let one = BigUint::from(1_u8);
    for bits in [
        2, 3, 26, 27, 28, 106, 107, 108, 109, 215, 216, 2047, 2048, 2049, 4096, 8191, 8192,
    ] {
        let power_of_two = &one << bits;
        let half: BigUint = &power_of_two >> 1_u8;
        for modulus in [
            &power_of_two - 1_u8,
            &half + 1_u8,
            (&half + (&half >> 1_u8)) | &one,
        ] {
            for base in [
                BigUint::ZERO,
                one.clone(),
                &modulus - 1_u8,
                &modulus - 2_u8,
                &modulus >> 1_u8,
                (&modulus >> 1_u8) + 1_u8,
                half.clone() % &modulus,
            ] {
                compare(&modulus, &base, 65537, 0);
                compare(&modulus, &base, 3, 0);
            }
        }
    }
}

fn compare(modulus: &BigUint, base: &BigUint, exponent: u64, case: u64) {
    let ours = Modulus::new(&modulus.to_bytes_be()).unwrap();
    let octets = ours.bits().div_ceil(8);
    assert_eq!(u64::try_from(ours.bits()), Ok(modulus.bits()));
    let power = ours.power(&padded(base, octets), exponent).unwrap();
    let expected = padded(&base.modpow(&BigUint::from(exponent), modulus), octets);
    let described = || format!("case {case}: {base:x}^{exponent} mod {modulus:x}");
    assert_eq!(power, expected, "{}", described());
    assert_eq!(
        power,
        constant_time(modulus, base, exponent, octets),
        "{}",
        described()
    );
    // RFC 8017 section 5.2.2, step 1, requires a signature below the modulus.
    for too_large in [modulus.clone(), modulus + 1_u8, modulus + base] {
        assert_eq!(
            ours.power(&too_large.to_bytes_be(), exponent),
            None,
            "{}",
            described()
        );
    }
}

fn constant_time(modulus: &BigUint, base: &BigUint, exponent: u64, octets: usize) -> Vec<u8> {
    let of = |number: &BigUint| BoxedUint::from_be_slice_vartime(&padded(number, octets));
    let params = BoxedMontyParams::new_vartime(Odd::new(of(modulus)).unwrap());
    let power = BoxedMontyForm::new(of(base), &params).pow(&BoxedUint::from(exponent));
    let power = power.retrieve().to_be_bytes();
    power[power.len() - octets..].to_vec()
}

/// A random size in bits. Most sizes are small, so that the test can try many numbers. At the
/// boundaries of limbs (27 bits) and blocks (four limbs), small numbers have the same edge cases as
/// large ones.
fn size(random: &mut Random) -> u64 {
    match random.below(1000) {
        0..900 => 2 + random.below(600),
        900..980 => 600 + random.below(1500),
        980..996 => 2048 + random.below(2100),
        _ => 4096 + random.below(4097),
    }
}

fn exponent(random: &mut Random) -> u64 {
    match random.below(8) {
        0 => 3,
        1 => 17,
        2 => (1 << 33) - 1,
        3 => random.below(1 << 32) * 2 + 3,
        _ => 65537,
    }
}

fn modulus(random: &mut Random, bits: u64) -> BigUint {
    let mut modulus = shape(random, bits);
    modulus.set_bit(bits - 1, true);
    modulus.set_bit(0, true);
    modulus
}

/// A random number below 2^`bits`. Many of these numbers cause carries through many limbs.
fn shape(random: &mut Random, bits: u64) -> BigUint {
    let end = BigUint::from(1_u8) << bits;
    match random.below(10) {
        0 => end - 1_u8,
        1 => BigUint::from(random.below(3)) % end,
        2 => (BigUint::from(1_u8) << random.below(bits)) + random.below(2),
        3 => &end - random.below(1 << 20) % &end - 1_u8,
        4 => joined(random, &end, |random| {
            (1 + random.below(80), random.below(2) * u64::MAX)
        }),
        5 => joined(random, &end, |random| {
            let limb = [0, 1, 1 << 26, (1 << 27) - 2, (1 << 27) - 1]
                [usize::try_from(random.below(5)).unwrap()];
            (27, limb)
        }),
        _ => random.number(bits),
    }
}

/// Concatenates random runs of bits, and returns the result as a number below `end`. `piece`
/// returns the length and the bits of one run.
fn joined(random: &mut Random, end: &BigUint, piece: fn(&mut Random) -> (u64, u64)) -> BigUint {
    let mut number = BigUint::from(1_u8);
    while number.bits() <= end.bits() {
        let (bits, pattern) = piece(random);
        let ones = (BigUint::from(1_u8) << bits) - 1_u8;
        let piece = if pattern == u64::MAX {
            ones
        } else {
            BigUint::from(pattern) & ones
        };
        number = (number << bits) | piece;
    }
    number % end
}
