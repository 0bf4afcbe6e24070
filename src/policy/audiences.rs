//! Accepted audiences (RFC 7519 section 4.1.3).

/// The audiences that a token may be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audiences {
    /// Any audience (`allow_any_audience`).
    Any,
    /// At least one of these, compared exactly.
    AnyOf(Vec<String>),
}
