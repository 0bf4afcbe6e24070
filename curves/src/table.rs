//! Tables of multiples of a point, and the computation of sums from these tables. The method is a
//! signed comb with 8 teeth.
//!
//! A scalar u of 64·N bits is written as u = Σ ±2^i, that is, with only the digits 1 and -1. Let w
//! be (u + 2^(64·N) - 1)/2. If bit i of w is 1, the digit of 2^i is 1; otherwise the digit is -1. A
//! comb consists of 8 digits, called its teeth. The positions of neighbouring teeth are 8·N apart.
//! A scalar has 8·N combs, which are arranged in 8 columns and N blocks. For each block, the table
//! contains 128 entries, one for each choice of signs in which the highest tooth is positive. An
//! entry is the sum of ±2^i·Q over the positions i of the 8 teeth. If the highest tooth of a comb
//! is negative, the sum for the comb is a negated entry.
//!
//! All columns use the same entries, because the sum is doubled between one column and the next. So
//! computing u1·G + u2·Q takes 8·N additions for each point, and 7 doublings for both points
//! together. No digit is 0, so every comb needs an addition.

use crate::field::Field;
use crate::point::{Affine, Point, to_affine};

/// The number of digits in a comb. Each table entry is the sum of as many multiples.
const TEETH: usize = 8;
/// The number of entries of a block.
const ENTRIES: usize = 1 << (TEETH - 1);

/// The table of a point Q. Each entry of block k is the sum of ±2^(8·(k + N·tooth))·Q over the 8
/// teeth.
#[derive(Debug)]
pub(crate) struct Table<F>(Vec<Block<F>>);

/// The entries of a block. The alignment is that of a cache line, which is as long as an entry on
/// P-256 in native builds. So reading such an entry takes one access to memory, not two.
#[derive(Debug)]
#[repr(align(64))]
struct Block<F>([Affine<F>; ENTRIES]);

impl<F> Table<F> {
    /// Builds the table of a point. Whatever the point is, each addition adds two fixed multiples of
    /// it, which are neither equal nor opposite. So `None` is not expected.
    pub(crate) fn new<const N: usize>(x: &[u64; N], y: &[u64; N]) -> Option<Self>
    where
        F: Field<N>,
    {
        let teeth = teeth(&Affine {
            x: F::new(x),
            y: F::new(y),
        })?;
        let mut sums = Vec::new();
        for block in 0..N {
            let block: Vec<_> = teeth.iter().skip(block).step_by(N).collect();
            add_block(&mut sums, &block)?;
        }
        let entries = to_affine(&sums)?;
        let (blocks, []) = entries.as_chunks() else {
            return None;
        };
        Some(Self(blocks.iter().copied().map(Block).collect()))
    }
}

/// The multiple T = 2^i·Q for one tooth, and 2·T.
struct Tooth<F> {
    once: Affine<F>,
    twice: Affine<F>,
}

/// Computes 2^(8·i)·Q and 2·2^(8·i)·Q for all i below 8·N.
fn teeth<F: Field<N>, const N: usize>(point: &Affine<F>) -> Option<Vec<Tooth<F>>> {
    let mut power = Point::from_affine(point);
    let mut powers = Vec::new();
    for _ in 0..TEETH.checked_mul(N)? {
        powers.push(power);
        power.double();
        powers.push(power);
        (1..8).for_each(|_| power.double());
    }
    let powers = to_affine(&powers)?;
    let (pairs, []) = powers.as_chunks() else {
        return None;
    };
    let pairs = pairs.iter();
    Some(pairs.map(|&[once, twice]| Tooth { once, twice }).collect())
}

/// Appends the sums of a block. In the first sum, every tooth except the highest is negative. Then,
/// for each tooth except the highest, copies every sum so far, makes that tooth positive in the
/// copies, and appends them.
fn add_block<F: Field<N>, const N: usize>(
    sums: &mut Vec<Point<F>>,
    teeth: &[&Tooth<F>],
) -> Option<()> {
    let (highest, others) = teeth.split_last()?;
    let mut first = Point::from_affine(&highest.once);
    for tooth in others {
        first.add(&Affine {
            x: tooth.once.x,
            y: tooth.once.y.negated_if(true),
        });
    }
    let start = sums.len();
    sums.push(first);
    for tooth in others {
        for place in start..sums.len() {
            let mut sum = *sums.get(place)?;
            sum.add(&tooth.twice);
            sums.push(sum);
        }
    }
    Some(())
}

/// Computes u1·G + u2·Q from w1 and w2, which contain the digits of u1 and u2. If zz of the result
/// is 0, an addition met two equal or opposite points, and the sum must be computed in another way.
pub(crate) fn sum<F: Field<N>, const N: usize>(
    [g, q]: [&Table<F>; 2],
    [w1, w2]: [&[u64; N]; 2],
) -> Option<Point<F>> {
    let (mut w1, mut w2) = (columns(w1), columns(w2));
    let mut sum: Option<Point<F>> = None;
    for _ in 0..8 {
        // All entries of a column are read before the first addition. The reads then overlap, and
        // entries that are not in the processor's caches cost much less time.
        let entries = [column(g, &mut w1), column(q, &mut w2)];
        if let Some(sum) = &mut sum {
            sum.double();
        }
        for entry in entries.as_flattened() {
            let entry = entry.as_ref()?;
            match &mut sum {
                Some(sum) => sum.add(entry),
                None => sum = Some(Point::from_affine(entry)),
            }
        }
    }
    sum
}

/// The entries of the next column, one of each block.
#[inline(always)]
fn column<F: Field<N>, const N: usize>(
    table: &Table<F>,
    columns: &mut [u64; N],
) -> [Option<Affine<F>>; N] {
    let mut blocks = table.0.iter().zip(columns);
    [(); N].map(|()| {
        let (Block(entries), columns) = blocks.next()?;
        entry(entries, columns)
    })
}

/// The table entry for the next column.
#[inline(always)]
fn entry<F: Field<N>, const N: usize>(
    entries: &[Affine<F>; ENTRIES],
    columns: &mut u64,
) -> Option<Affine<F>> {
    let (place, is_negative) = next_entry(columns);
    let Affine { x, y } = entries.get(place)?;
    Some(Affine {
        x: *x,
        y: y.negated_if(is_negative),
    })
}

/// Takes the next column, which is the highest octet of `columns`. Returns the place of its entry,
/// and whether the entry must be negated.
#[inline(always)]
pub(crate) fn next_entry(columns: &mut u64) -> (usize, bool) {
    *columns = columns.rotate_left(8);
    let [signs, ..] = columns.to_le_bytes();
    let is_negative = signs < 128;
    let place = if is_negative { !signs } else { signs } & 127;
    (usize::from(place), is_negative)
}

/// Returns a word of signs for each block. Octet j of the word has the signs of column j, one bit
/// for each tooth.
///
/// The sign of a tooth in column j of block k is bit j of octet k + N·tooth of `w`.
pub(crate) fn columns<const N: usize>(w: &[u64; N]) -> [u64; N] {
    let octets = w.map(u64::to_le_bytes);
    let octets = octets.as_flattened();
    let mut block = 0..N;
    [(); N].map(|()| {
        let teeth = octets.iter().skip(block.next().unwrap_or(0)).step_by(N);
        transposed(
            teeth
                .rev()
                .fold(0, |word, octet| word << 8 | u64::from(*octet)),
        )
    })
}

/// Exchanges bit j of octet i with bit i of octet j, for all i and j (H. S. Warren, "Hacker's
/// Delight", section 7-3).
const fn transposed(word: u64) -> u64 {
    let word = exchanged(word, 7, 0x00aa_00aa_00aa_00aa);
    let word = exchanged(word, 14, 0x0000_cccc_0000_cccc);
    exchanged(word, 28, 0x0000_0000_f0f0_f0f0)
}

/// Exchanges the bits in `mask` with the bits that are `distance` positions higher.
const fn exchanged(word: u64, distance: u32, mask: u64) -> u64 {
    let changed = (word ^ word >> distance) & mask;
    word ^ changed ^ changed << distance
}
