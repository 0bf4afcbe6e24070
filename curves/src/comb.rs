//! The method by which sums of multiples are computed from tables: a signed comb with 8 columns.
//!
//! A scalar u is written as u = Σ ±2^i over all i below D, that is, with only the digits 1 and -1.
//! Let w be (u + 2^D - 1)/2 modulo the order. If bit i of w is 1, the digit of 2^i is 1; otherwise
//! the digit is -1.
//!
//! Eight neighbouring digits form an octet. With B blocks, the octets k, k + B, k + 2·B and so on
//! belong to block k. A comb consists of the digits at the same place in each octet of a block. These
//! digits are its teeth. So each block has 8 combs, which are arranged in 8 columns. For each
//! block, the table contains an entry for each choice of signs in which the highest tooth is
//! positive. An entry is the sum of ±2^i·Q over the positions i of the teeth in column 0. If the
//! highest tooth of a comb is negative, the sum for the comb is a negated entry.
//!
//! All columns use the same entries, because the sum is doubled between one column and the next. So
//! computing u1·G + u2·Q takes 8·B additions for each point, and 7 doublings for both points
//! together. No digit is 0, so every comb needs an addition. Fewer blocks mean fewer additions, but
//! more teeth, and each tooth doubles the number of entries:
//!
//! | curve | blocks | teeth | digits | entries | octets, native and wasm |
//! |---|--:|--:|--:|--:|--:|
//! | P-256 | 3 | 11 | 264 | 3,072 | 196,608, 221,184 |
//! | P-384 | 6 | 8 | 384 | 768 | 73,728, 86,016 |
//! | P-521 | 9 | 8 | 576 | 1,152 | 175,104, 175,104 |
//! | Ed25519 | 4 | 8 | 256 | 512 | 61,440, 61,440 |
//!
//! With 11 teeth, P-256 needs more digits than its order has bits. The additional digits are -1.

/// Takes the next column: the highest octet of each half of `columns`. Returns the place of
/// its entry in a block of `count` entries, and whether the entry must be negated.
#[inline(always)]
pub(crate) fn next_entry(columns: &mut u128, count: usize) -> (usize, bool) {
    *columns = columns.rotate_left(8);
    let [high, _, _, _, _, _, _, _, low, ..] = columns.to_le_bytes();
    let signs = usize::from(u16::from_le_bytes([low, high]));
    // The number of entries is the place value of the highest tooth's sign.
    let is_negative = signs < count;
    let place = if is_negative { !signs } else { signs } & count.wrapping_sub(1);
    (place, is_negative)
}

/// Returns the signs of each block. The lower half has the signs of teeth 0 to 7: octet j of it is
/// for column j, and has one bit for each tooth. The upper half has the signs of the other teeth.
///
/// The sign of a tooth in column j of block k is bit j of octet k + `blocks`·tooth of `w`.
pub(crate) fn columns<const N: usize>(w: &[u64; N], blocks: usize) -> [u128; N] {
    let octets = w.map(u64::to_le_bytes);
    let mut columns = [0; N];
    for tooth in octets.as_flattened().chunks(blocks.max(1)).rev() {
        for (signs, octet) in columns.iter_mut().zip(tooth) {
            *signs = *signs << 8 | u128::from(*octet);
        }
    }
    columns.map(transposed)
}

/// In each half of a word, exchanges bit j of octet i with bit i of octet j, for all i and j (H. S.
/// Warren, "Hacker's Delight", section 7-3).
const fn transposed(word: u128) -> u128 {
    let word = exchanged(word, 7, 0x00aa_00aa_00aa_00aa);
    let word = exchanged(word, 14, 0x0000_cccc_0000_cccc);
    exchanged(word, 28, 0x0000_0000_f0f0_f0f0)
}

/// In each half of a word, exchanges the bits in `mask` with the bits that are `distance` positions
/// higher.
const fn exchanged(word: u128, distance: u32, mask: u128) -> u128 {
    let changed = (word ^ word >> distance) & (mask << 64 | mask);
    word ^ changed ^ changed << distance
}
