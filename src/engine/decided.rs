//! A decision together with its cache use.

use crate::{decision::Decision, engine::CacheUse};

/// A decision, and how the token caches were used for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The lookups of its tokens. Zero while it awaits keys, because the tokens will be looked up
    /// again.
    pub cache_use: CacheUse,
}

impl From<Decision> for Decided {
    /// A decision without lookups.
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            cache_use: CacheUse::default(),
        }
    }
}
