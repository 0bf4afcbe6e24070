//! Accepted audiences (RFC 7519 section 4.1.3).

/// The token audiences that a provider or a rule accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audiences {
    /// Any audience (`allow_any_audience`).
    Any,
    /// The token must have at least one of these audiences. They are compared exactly.
    AnyOf(Vec<String>),
}
