//! Side results of evaluating a requirement: filter-state entries for other filters, and the number
//! of cache lookups.

use crate::{
    config::Provider,
    decision::StateEntry,
    engine::{export, refusal::Refusal, token_caches::CacheUse},
};

/// What the evaluation of a requirement reports in addition to its outcome.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Filter-state entries that tell other filters why tokens failed.
    pub(super) failures: Vec<StateEntry>,
    /// The number of cache lookups.
    pub(super) cache_use: CacheUse,
}

impl Notes {
    /// Adds the filter-state entry for a credential that `provider` refused, if the provider
    /// exports the reasons for its refusals.
    pub(super) fn refused(&mut self, provider: &Provider, refusal: Refusal) {
        let entry = refusal
            .reason()
            .ok()
            .and_then(|reason| export::failure(provider, reason));
        self.failures.extend(entry);
    }
}
