//! Tokens that are not taken any more, although they verify.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::UnixSeconds;

/// What was revoked: looked up by its text, so that thousands of entries cost a token nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    /// Tokens, by `jti` (RFC 7519 §4.1.7).
    pub token_ids: BTreeSet<String>,
    /// Clients, by the identifier in the provider's `client_id_claims`.
    pub client_ids: BTreeSet<String>,
    /// Subjects, by `sub`, whose tokens of before that time are revoked.
    pub issued_before: BTreeMap<String, UnixSeconds>,
}
