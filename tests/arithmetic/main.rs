//! Compares the project's own arithmetic with other crates, on random and on extreme input.
//!
//! The seed is fixed, so that failures are reproducible.

mod ecdsa;
mod eddsa;
mod modexp;
mod padding;

use num_bigint::BigUint;

/// A random number generator (`SplitMix64`) that gives the same numbers in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn octets<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next().to_be_bytes()[0])
    }

    /// A number below 2^`bits`.
    fn number(&mut self, bits: u64) -> BigUint {
        let digits = (0..bits.div_ceil(32)).map(|_| self.next().to_be_bytes());
        let digits =
            digits.map(|octets| u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]]));
        BigUint::new(digits.collect()) % (BigUint::from(1_u8) << bits)
    }
}

/// Encodes a number in big-endian order. Leading zeros make the result `octets` octets long.
fn padded(number: &BigUint, octets: usize) -> Vec<u8> {
    let minimal = number.to_bytes_be();
    let minimal = if *number == BigUint::ZERO {
        Vec::new()
    } else {
        minimal
    };
    [vec![0; octets - minimal.len()], minimal].concat()
}
