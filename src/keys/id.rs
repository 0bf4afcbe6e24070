//! Identifiers of key sources, and versions of their key sets.

/// Identifies a key source by its position in the [`KeyStore`](super::KeyStore).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(usize);

impl SourceId {
    /// The source at `index`.
    #[must_use]
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// The position in the store.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A number that changes whenever a source's key set changes. Each worker counts separately, so the
/// versions of different workers cannot be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeySetVersion(u64);

impl KeySetVersion {
    /// The version of the next key set.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
