//! Results of an evaluation other than its outcome.

use crate::{
    config::Provider,
    decision::StateEntry,
    engine::{export, refusal::Refusal, token_caches::CacheUse},
};

/// Results of an evaluation other than its outcome.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Entries for other filters about the tokens that failed.
    pub(super) failures: Vec<StateEntry>,
    /// The lookups in the caches.
    pub(super) cache_use: CacheUse,
}

impl Notes {
    /// Records that a credential of `provider` was refused.
    pub(super) fn refused(&mut self, provider: &Provider, refusal: Refusal) {
        let entry = refusal
            .reason()
            .and_then(|reason| export::failure(provider, reason));
        self.failures.extend(entry);
    }
}
