//! Identifiers of rules.

/// A rule, identified by its position in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(usize);

impl RuleId {
    /// Makes the identifier of the rule at position `index`.
    #[must_use]
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// The rule's position in the configuration.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}
