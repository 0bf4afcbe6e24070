//! Side results of evaluating a requirement: entries for other filters, and cache lookups.

use crate::{
    config::Provider,
    decision::StateEntry,
    engine::{export, refusal::Refusal, token_caches::CacheUse},
};

/// What an evaluation reports besides its outcome.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Filter-state entries that tell other filters why tokens failed.
    pub(super) failures: Vec<StateEntry>,
    /// The number of cache lookups.
    pub(super) cache_use: CacheUse,
}

impl Notes {
    /// Adds the filter-state entry for a refused credential of `provider`, if the provider exports
    /// one.
    pub(super) fn refused(&mut self, provider: &Provider, refusal: Refusal) {
        let entry = refusal
            .reason()
            .and_then(|reason| export::failure(provider, reason));
        self.failures.extend(entry);
    }
}
