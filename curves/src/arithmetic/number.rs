//! Numbers of a fixed size: words of 64 bits, least significant first.

/// Reads a big-endian number. Returns `None` if `octets` is longer than `N` words.
pub(crate) fn read<const N: usize>(octets: &[u8]) -> Option<[u64; N]> {
    let mut number = [0; N];
    read_into(octets, &mut number).then_some(number)
}

#[inline(never)]
fn read_into(mut octets: &[u8], number: &mut [u64]) -> bool {
    for word in number {
        for place in (0..64).step_by(8) {
            if let [higher @ .., octet] = octets {
                *word |= u64::from(*octet) << place;
                octets = higher;
            }
        }
    }
    octets.is_empty()
}

/// Splits a number into limbs of fewer than 32 bits, least significant first.
pub(crate) const fn limbs<const N: usize, const L: usize>(
    number: &[u64; N],
    bits: u32,
) -> [u32; L] {
    let mut limbs = [0; L];
    split(number, bits, &mut limbs);
    limbs
}

// A separate function that is not generic, so that it is compiled only once.
#[inline(never)]
const fn split(mut words: &[u64], bits: u32, mut left: &mut [u32]) {
    let mask = (1_u64 << bits).wrapping_sub(1);
    // `held` has the bits that were read from `words` and are not in a limb yet. `count` is the
    // number of these bits.
    let (mut held, mut count) = (0_u64, 0_u32);
    while let [limb, others @ ..] = left {
        let lowest = if count < bits {
            let mut next = 0;
            if let [word, others @ ..] = words {
                (next, words) = (*word, others);
            }
            let lowest = held | next << count;
            let used = bits.wrapping_sub(count);
            (held, count) = (next >> used, 64_u32.wrapping_sub(used));
            lowest
        } else {
            let lowest = held;
            (held, count) = (held >> bits, count.wrapping_sub(bits));
            lowest
        };
        let [a, b, c, d, ..] = (lowest & mask).to_le_bytes();
        *limb = u32::from_le_bytes([a, b, c, d]);
        left = others;
    }
}

/// Joins limbs of fewer than 32 bits, least significant first. Ignores bits that do not fit into
/// `N` words.
pub(crate) fn from_limbs<const N: usize>(limbs: &[u32], bits: u32) -> [u64; N] {
    let mut number = [0; N];
    join(limbs, bits, &mut number);
    number
}

#[inline(never)]
fn join(limbs: &[u32], bits: u32, words: &mut [u64]) {
    let mut words = words.iter_mut();
    let (mut held, mut count) = (0_u64, 0_u32);
    for limb in limbs {
        let limb = u64::from(*limb);
        held |= limb << count;
        let missing = 64_u32.saturating_sub(count);
        count = count.saturating_add(bits);
        if count >= 64 {
            if let Some(word) = words.next() {
                *word = held;
            }
            (held, count) = (limb >> missing, count.saturating_sub(64));
        }
    }
    if let Some(word) = words.next() {
        *word = held;
    }
}

/// Returns true if `a` is below `b`.
pub(crate) fn is_below<const N: usize>(a: &[u64; N], b: &[u64; N]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// Returns a + b, or `None` if the sum does not fit into `N` words.
pub(crate) fn sum<const N: usize>(a: &[u64; N], b: &[u64; N]) -> Option<[u64; N]> {
    let (mut sum, mut carry) = (*a, false);
    for (word, other) in sum.iter_mut().zip(b) {
        (*word, carry) = word.carrying_add(*other, carry);
    }
    (!carry).then_some(sum)
}

/// Returns a - b, or `None` if the difference is negative.
pub(crate) fn difference<const N: usize>(a: &[u64; N], b: &[u64; N]) -> Option<[u64; N]> {
    let (mut difference, mut borrow) = (*a, false);
    for (word, other) in difference.iter_mut().zip(b) {
        (*word, borrow) = word.borrowing_sub(*other, borrow);
    }
    (!borrow).then_some(difference)
}

/// The bits of a number, most significant first.
pub(crate) fn bits<const N: usize>(number: &[u64; N]) -> impl Iterator<Item = bool> {
    let words = number.iter().rev();
    words.flat_map(|word| (0..64).rev().map(move |place| word >> place & 1 == 1))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_last_octet_is_the_least_significant() {
        let octets: Vec<u8> = (1..=16).collect();
        let read = read::<2>(&octets);
        assert_eq!(read, Some([0x090a_0b0c_0d0e_0f10, 0x0102_0304_0506_0708]));
        assert_eq!(
            super::read::<2>(&octets[..9]),
            Some([0x0203_0405_0607_0809, 1])
        );
        assert_eq!(super::read::<2>(&[&[0], &octets[..]].concat()), None);
    }

    #[test]
    fn limbs_join_to_the_number_they_were_split_from() {
        let number = [0x0123_4567_89ab_cdef, u64::MAX, 0, 0xfedc_ba98_7654_3210];
        for bits in [27, 28, 29, 30, 31] {
            let limbs: [u32; 10] = limbs(&number, bits);
            assert!(limbs.iter().all(|limb| limb >> bits == 0));
            assert_eq!(u64::from(limbs[0]), number[0] & ((1 << bits) - 1));
            let mut joined = number;
            joined[3] &= u64::MAX >> (256_u32.saturating_sub(10 * bits));
            assert_eq!(from_limbs(&limbs, bits), joined, "{bits}");
        }
    }

    #[test]
    fn carries_and_borrows_reach_the_highest_word() {
        let (high, low) = ([0, 1], [u64::MAX, 0]);
        assert_eq!(sum(&low, &[1, 0]), Some(high));
        assert_eq!(difference(&high, &[1, 0]), Some(low));
        assert_eq!(sum(&[u64::MAX; 2], &[1, 0]), None);
        assert_eq!(difference(&low, &high), None);
        assert!(is_below(&low, &high) && !is_below(&high, &low) && !is_below(&low, &low));
        assert_eq!(bits(&high).position(|bit| bit), Some(63));
    }
}
