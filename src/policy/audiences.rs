//! Whom tokens must be meant for (RFC 7519 section 4.1.3).

/// Whom the token must be meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audiences {
    /// Anyone (`allow_any_audience`).
    Any,
    /// At least one of these, exactly.
    AnyOf(Vec<String>),
}
