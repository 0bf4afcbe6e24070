//! Tables of multiples of a point, and the computation of sums from these tables, by the method in
//! [`comb`](crate::comb).

use crate::arithmetic::field::Field;
use crate::comb::{columns, next_entry};
use crate::ecdsa::point::{Affine, Point, sums, to_affine};

/// The table of a point Q. Each entry is the sum of ±2^(8·(k + B·tooth))·Q over the teeth of a block
/// k. Bit t of the entry's place in the block is 1 if tooth t is positive.
#[derive(Debug)]
pub(crate) struct Table<F> {
    /// The entries with place 0 of all blocks, then those with place 1, and so on.
    groups: Vec<Group<F>>,
    blocks: usize,
    /// The number of entries of a block.
    count: usize,
}

/// The number of entries in a group.
const GROUP: usize = 8;

/// Some entries. Groups are aligned to cache lines. In native builds, an entry on P-256 fills exactly
/// one cache line, so reading it takes one memory access, not two. The size of an entry is a multiple
/// of 8 octets, so a group of 8 entries needs no padding.
#[derive(Debug)]
#[repr(align(64))]
struct Group<F>([Affine<F>; GROUP]);

impl<F> Table<F> {
    /// Builds the table of a point. Each addition adds two multiples of the point. The multiples are
    /// the same for every point, and a test builds the table of the base point, so they are never
    /// equal or opposite. So `None` is not expected.
    pub(crate) fn new<const N: usize>(blocks: usize, [x, y]: &[[u64; N]; 2]) -> Option<Self>
    where
        F: Field<N>,
    {
        let mut power = Point::from_affine(&Affine {
            x: F::new(x),
            y: F::new(y),
        });
        let mut powers = Vec::new();
        for _ in 0..N.checked_mul(8)?.checked_next_multiple_of(blocks)? {
            powers.push(power);
            (0..8).for_each(|_| power.double());
        }
        let entries = entries(&to_affine(&powers)?, blocks)?;
        let (groups, []) = entries.as_chunks() else {
            return None;
        };
        Some(Self {
            count: entries.len().checked_div(blocks)?,
            groups: groups.iter().copied().map(Group).collect(),
            blocks,
        })
    }
}

/// Computes all entries. `teeth` has the lowest tooth of each block, then the next tooth of each
/// block, and so on. Each entry is the sum of an entry for the higher half of the teeth and either
/// an entry for the lower half or the opposite of one. Each call computes all its sums with a single
/// inversion.
fn entries<F: Field<N>, const N: usize>(
    teeth: &[Affine<F>],
    blocks: usize,
) -> Option<Vec<Affine<F>>> {
    let middle = (teeth.len() / 2).checked_next_multiple_of(blocks)?;
    let (low, high) = teeth.split_at_checked(middle)?;
    if high.is_empty() {
        return Some(low.to_vec());
    }
    let (low, high) = (entries(low, blocks)?, entries(high, blocks)?);
    let zero = F::new(&[0; N]);
    let opposites = low.chunks(blocks).rev().flatten();
    let opposites = opposites.map(|entry| entry.negated(&zero));
    let low: Vec<_> = opposites.chain(low.iter().copied()).collect();
    let mut pairs = Vec::new();
    for high in high.chunks(blocks) {
        pairs.extend(low.iter().zip(high.iter().cycle()));
    }
    sums(&pairs)
}

/// Computes u1·G + u2·Q from w1 and w2, which contain the digits of u1 and u2. If zz of the result
/// is 0, an addition met two equal or opposite points, and the sum must be computed in another way.
pub(crate) fn sum<F: Field<N>, const N: usize>(
    [g, q]: [&Table<F>; 2],
    [w1, w2]: [&[u64; N]; 2],
) -> Option<Point<F>> {
    let (mut w1, mut w2) = (columns(w1, g.blocks), columns(w2, q.blocks));
    let mut sum: Option<Point<F>> = None;
    for _ in 0..8 {
        // All entries of a column are read before the first addition. The reads then overlap, and
        // entries that are not in the processor's caches cost much less time.
        let entries = [g.column(&mut w1)?, q.column(&mut w2)?];
        if let Some(sum) = &mut sum {
            sum.double();
        }
        for entry in entries.as_flattened().iter().flatten() {
            match &mut sum {
                Some(sum) => sum.add(entry),
                None => sum = Some(Point::from_affine(entry)),
            }
        }
    }
    sum
}

impl<F> Table<F> {
    /// The entries of the next column, one of each block. The number of blocks is at most N.
    fn column<const N: usize>(&self, columns: &mut [u128; N]) -> Option<[Option<Affine<F>>; N]>
    where
        F: Field<N>,
    {
        let mut column = [None; N];
        let blocks = columns.iter_mut().enumerate().take(self.blocks);
        for (entry, (block, columns)) in column.iter_mut().zip(blocks) {
            let (place, is_negative) = next_entry(columns, self.count);
            let index = place.wrapping_mul(self.blocks).wrapping_add(block);
            let Group(group) = self.groups.get(index / GROUP)?;
            let Affine { x, y } = group.get(index % GROUP)?;
            *entry = Some(Affine {
                x: *x,
                y: y.negated_if(is_negative),
            });
        }
        Some(column)
    }

    /// Replaces every entry.
    #[cfg(test)]
    pub(crate) fn fill(&mut self, entry: Affine<F>)
    where
        F: Copy,
    {
        for Group(entries) in &mut self.groups {
            entries.fill(entry);
        }
    }

    /// The entries of each block.
    #[cfg(test)]
    pub(crate) fn blocks(&self) -> Vec<Vec<Affine<F>>>
    where
        F: Copy,
    {
        let entries = self.groups.iter().flat_map(|Group(entries)| *entries);
        let block = |block| entries.clone().skip(block).step_by(self.blocks).collect();
        (0..self.blocks).map(block).collect()
    }
}
