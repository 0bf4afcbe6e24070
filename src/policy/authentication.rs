//! How, and how recently, the user must have authenticated (RFC 9470).

use core::time::Duration;

/// A requirement on the user's authentication. Every part must be satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Accepted values of `acr`, in order of preference. Empty accepts any.
    pub acr_values: Vec<String>,
    /// The maximum time since the user authenticated (`auth_time`).
    pub max_age: Option<Duration>,
}
