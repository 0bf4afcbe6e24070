//! A decision, and what making it involved.

use crate::{decision::Decision, engine::CacheUse};

/// A decision, and how the token caches were used for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The lookups of its tokens. None while it awaits keys: the tokens will be looked for again.
    pub cache_use: CacheUse,
}

impl From<Decision> for Decided {
    /// A decision for which no token was looked for.
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            cache_use: CacheUse::default(),
        }
    }
}
