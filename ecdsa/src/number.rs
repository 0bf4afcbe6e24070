//! Numbers of a fixed size: words of 64 bits, least significant first.

/// Reads a big-endian number. Returns `None` if `octets` does not have exactly the length of `N`
/// words.
pub(crate) fn read<const N: usize>(octets: &[u8]) -> Option<[u64; N]> {
    let (words, []) = octets.as_chunks::<8>() else {
        return None;
    };
    let words: &[[u8; 8]; N] = words.try_into().ok()?;
    let mut number = words.map(u64::from_be_bytes);
    number.reverse();
    Some(number)
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

/// The bits, most significant first.
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
        for other in [&octets[1..], &octets[..8], &[&octets[..], &[0]].concat()] {
            assert_eq!(super::read::<2>(other), None);
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
