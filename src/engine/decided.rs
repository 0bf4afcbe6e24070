//! A decision together with the number of its cache lookups.

use crate::{decision::Decision, engine::CacheUse};

/// A decision, and the number of cache lookups that it needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The cache lookups to add to the metrics, if this decision is carried out. All numbers are
    /// zero if the request waits for keys, because its tokens will be looked up again after the
    /// wait.
    pub cache_use: CacheUse,
}

impl From<Decision> for Decided {
    /// Wraps a decision that needed no cache lookups.
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            cache_use: CacheUse::default(),
        }
    }
}
