//! How the core names an authorization server.

/// Stands for a provider: its position in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderId(usize);

impl ProviderId {
    /// The provider at `index`.
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
