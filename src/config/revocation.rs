//! Tokens that are not taken any more, although they verify.

use crate::time::UnixSeconds;

/// What was revoked. Each list is sorted and has an entry once, so that thousands of them cost a
/// token nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    /// Tokens, by `jti` (RFC 7519 §4.1.7).
    pub token_ids: Vec<String>,
    /// Clients, by the identifier in the provider's `client_id_claims`.
    pub client_ids: Vec<String>,
    /// Subjects, by `sub`, whose tokens of before that time are revoked.
    pub issued_before: Vec<(String, UnixSeconds)>,
}
