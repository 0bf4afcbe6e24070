//! A decision together with its cache use.

use crate::{decision::Decision, engine::CacheUse};

/// A decision, and how its tokens were looked up in the caches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The cache lookups to count. Zero if the request waits for keys, because its tokens will be
    /// looked up again after the wait.
    pub cache_use: CacheUse,
}

impl From<Decision> for Decided {
    /// Wraps a decision that needed no lookups.
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            cache_use: CacheUse::default(),
        }
    }
}
