//! Identifiers of providers.

/// A provider, identified by its position in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderId(usize);

impl ProviderId {
    /// Makes the identifier of the provider at position `index`.
    #[must_use]
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// The provider's position in the configuration.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}
