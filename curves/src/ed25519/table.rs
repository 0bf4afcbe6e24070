//! Tables of multiples of a point, and sums of multiples from these tables. The method is that of
//! [`comb`](crate::comb): a signed comb with 8 teeth, in 8 columns and 4 blocks.
//!
//! Computing u1·P + u2·Q takes 64 additions and 7 doublings. A scalar whose digits are all 1 or -1
//! is odd. For an even scalar u, the digits are those of u + 1, and the point is subtracted once.

use super::point::{Entry, Point, entries};
use crate::comb::{columns, next_entry};

/// The number of digits in a comb. Each entry is the sum of as many multiples.
const TEETH: usize = 8;
const BLOCKS: usize = 4;
/// The number of entries of a block.
const ENTRIES: usize = 1 << (TEETH - 1);

/// The table of a point P, which takes 61 kB. Each entry of block k is the sum of
/// ±2^(8·(k + 4·tooth))·P over the 8 teeth.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    point: Entry,
    blocks: Vec<[Entry; ENTRIES]>,
}

impl Table {
    pub(crate) fn new(point: &Point) -> Option<Self> {
        // P, followed by 2^(8·i)·P and 2·2^(8·i)·P for each i.
        let mut powers = vec![*point];
        let mut power = *point;
        for _ in 0..TEETH * BLOCKS {
            powers.push(power);
            power.double();
            powers.push(power);
            (1..8).for_each(|_| power.double());
        }
        let powers = entries(&powers);
        let (point, powers) = powers.split_first()?;
        let (teeth, _) = powers.as_chunks();
        let sums = (0..BLOCKS).flat_map(|place| block(teeth.iter().skip(place).step_by(BLOCKS)));
        let sums = entries(&sums.collect::<Vec<_>>());
        let (blocks, _) = sums.as_chunks();
        Some(Self {
            point: *point,
            blocks: blocks.to_vec(),
        })
    }

    /// The entries of the next column, one of each block. An entry is to be subtracted if the
    /// boolean is true.
    #[inline(always)]
    fn column(&self, columns: &mut [u128; BLOCKS]) -> [Option<(&Entry, bool)>; BLOCKS] {
        let mut blocks = self.blocks.iter().zip(columns);
        [(); BLOCKS].map(|()| {
            let (block, signs) = blocks.next()?;
            let (place, is_negative) = next_entry(signs, ENTRIES);
            Some((block.get(place)?, is_negative))
        })
    }
}

/// Computes the sums of a block. Each tooth is a multiple and its double. In the first sum, every
/// tooth except the highest is negative. Then, for each tooth except the highest, copies every sum so
/// far, makes that tooth positive in the copies, and appends them.
fn block<'a>(mut teeth: impl DoubleEndedIterator<Item = &'a [Entry; 2]>) -> Vec<Point> {
    let Some([highest, _]) = teeth.next_back() else {
        return Vec::new();
    };
    let others: Vec<_> = teeth.collect();
    let mut first = Point::from_entry(highest, false);
    for [once, _] in &others {
        first.add(once, true);
    }
    let mut sums = vec![first];
    for [_, twice] in others {
        let mut copies = sums.clone();
        copies.iter_mut().for_each(|sum| sum.add(twice, false));
        sums.append(&mut copies);
    }
    sums
}

/// Computes u1·P + u2·Q. The scalars must be below 2^255. `None` is not expected.
pub(crate) fn sum(tables: [&Table; 2], scalars: [&[u64; 4]; 2]) -> Option<Point> {
    let [p, q] = tables;
    let [mut for_p, mut for_q] = scalars.map(|scalar| columns(&digits(scalar), BLOCKS));
    let mut sum: Option<Point> = None;
    for _ in 0..8 {
        let entries = [p.column(&mut for_p), q.column(&mut for_q)];
        if let Some(sum) = &mut sum {
            sum.double();
        }
        for entry in entries.as_flattened() {
            let (entry, negate) = (*entry)?;
            match &mut sum {
                Some(sum) => sum.add(entry, negate),
                None => sum = Some(Point::from_entry(entry, negate)),
            }
        }
    }
    let mut sum = sum?;
    for (table, [lowest, ..]) in tables.into_iter().zip(scalars) {
        if lowest & 1 == 0 {
            sum.add(&table.point, true);
        }
    }
    Some(sum)
}

/// The digits of u, or of u + 1 if u is even. See [`comb`](crate::comb) for the representation:
/// bit i is 1 if the digit of 2^i is 1, and 0 if it is -1.
fn digits(scalar: &[u64; 4]) -> [u64; 4] {
    // For an odd u, (u + 2^256 - 1)/2 is (u - 1)/2 + 2^255. For an even u, the same formula with
    // u + 1 gives u/2 + 2^255.
    let [a, b, c, d] = *scalar;
    [
        a >> 1 | b << 63,
        b >> 1 | c << 63,
        c >> 1 | d << 63,
        d >> 1 | 1 << 63,
    ]
}
