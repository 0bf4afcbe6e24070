//! What is known of one key source, and how fetches change it.

use crate::{
    keys::{Caching, Document, FetchCause, FetchError, Timing},
    time::UnixMillis,
};

/// What is known of one key source. The workers of a process share it ([`Records`](super::Records)):
/// leases, failures and the cool-down for unknown kids are part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its place among the records of its source.
    pub order: Order,
    /// The last good document.
    pub document: Option<Document>,
    /// Where it came from.
    pub uri: Option<String>,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Seconds for which the server said that it is fresh.
    pub max_age: Option<u64>,
    /// When it was fetched, or last confirmed.
    pub fetched_at: Option<UnixMillis>,
    /// When a fetch was last begun.
    pub attempted_at: Option<UnixMillis>,
    /// Failures since the last success.
    pub failures: u32,
    /// Why the last fetch failed, if it did.
    pub last_error: Option<FetchError>,
    /// Until when a worker has the right to fetch. Stands for that right: no two have one end.
    pub lease_until: Option<UnixMillis>,
    /// When an unknown kid last caused a fetch.
    pub unknown_kid_at: Option<UnixMillis>,
}

/// Orders the records of one source: first by key set, since a writer that did not know the latest
/// carries an older one on, then by write. The later of two records is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// Orders key sets: a later fetch has a greater one, even if the clock went back.
    pub generation: u64,
    /// Orders the writes of one generation.
    pub revision: u64,
}

impl Record {
    /// A fetch begins: the lease is taken. Returns its end.
    pub fn begin(&mut self, timing: &Timing, cause: FetchCause, now: UnixMillis) -> UnixMillis {
        let until = now.plus(timing.lease);
        // What was fetched before the clock went back serves from now on, and no longer than it may.
        self.fetched_at = self.fetched_at.map(|fetched_at| fetched_at.min(now));
        self.attempted_at = Some(now);
        self.lease_until = Some(until);
        if cause == FetchCause::UnknownKid {
            self.unknown_kid_at = Some(now);
        }
        until
    }

    /// Whether the fetch that took the lease with this end still has it.
    #[must_use]
    pub fn is_leased_until(&self, until: UnixMillis) -> bool {
        self.lease_until == Some(until)
    }

    /// The fetch is given up, and another may begin at once.
    pub fn release(&mut self) {
        self.lease_until = None;
    }

    /// There are no keys: a fetch is due.
    pub fn forget_keys(&mut self) {
        (self.document, self.fetched_at, self.etag) = (None, None, None);
    }

    /// A fetch brought a good document from `uri`.
    pub fn succeed(&mut self, document: Document, uri: &str, caching: Caching, now: UnixMillis) {
        self.document = Some(document);
        self.uri = Some(uri.to_owned());
        (self.etag, self.max_age) = (None, None);
        self.confirm(caching, now);
    }

    /// A fetch brought word that the document still stands.
    pub fn confirm(&mut self, caching: Caching, now: UnixMillis) {
        // What a 304 leaves out stands as it was (RFC 9111 section 4.3.4).
        self.etag = caching.etag.or_else(|| self.etag.take());
        self.max_age = caching.max_age.or(self.max_age);
        self.fetched_at = Some(now);
        self.begin_generation(now);
        self.failures = 0;
        self.last_error = None;
        self.lease_until = None;
    }

    /// A fetch failed; the last good keys stay.
    pub fn fail(&mut self, error: FetchError, now: UnixMillis) {
        self.attempted_at = Some(now);
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(error);
        self.lease_until = None;
    }

    /// Prepares the record for a write.
    pub(super) fn revise(&mut self) {
        self.order.revision = self.order.revision.saturating_add(1);
    }

    /// Records that a key set was fetched or confirmed. The generation follows the clock, so that a
    /// worker that knows no earlier fetch still counts as later. If the clock went back, it follows
    /// the former generation.
    pub(super) fn begin_generation(&mut self, now: UnixMillis) {
        self.order.generation = self.order.generation.saturating_add(1).max(now.as_u64());
    }
}
