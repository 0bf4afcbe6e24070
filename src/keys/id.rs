//! What stands for a key source and for one of its key sets.

/// Stands for a key source: its position in the [`KeyStore`](super::KeyStore).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(usize);

impl SourceId {
    /// The source at `index`.
    #[must_use]
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// Its position.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// Tells the key sets that one source has had apart, within one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeySetVersion(u64);

impl KeySetVersion {
    /// That of the set which comes after.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
