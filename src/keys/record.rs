//! The record of one key source, and how fetches change it.

use crate::{
    keys::{Caching, Document, FetchCause, FetchError, Timing},
    time::UnixMillis,
};

/// The state of one key source. All workers of a process share it ([`Records`](super::Records)),
/// including leases, failures and the cool-down for unknown kids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its position among the records of its source.
    pub order: Order,
    /// The last good document.
    pub document: Option<Document>,
    /// The URI that the document came from.
    pub uri: Option<String>,
    /// The document's entity tag.
    pub etag: Option<String>,
    /// Seconds for which the server declared the document fresh.
    pub max_age: Option<u64>,
    /// The time when the document was fetched or last confirmed.
    pub fetched_at: Option<UnixMillis>,
    /// The time when a fetch last began or failed.
    pub attempted_at: Option<UnixMillis>,
    /// Failures since the last success.
    pub failures: u32,
    /// Why the last fetch failed; `None` if it succeeded.
    pub last_error: Option<FetchError>,
    /// The end of a worker's right to fetch. It identifies that right: no two leases have the same
    /// end.
    pub lease_until: Option<UnixMillis>,
    /// The time of the last fetch that an unknown kid caused.
    pub unknown_kid_at: Option<UnixMillis>,
}

/// Orders the records of one source, the later being the greater. Key sets come first, since a
/// worker that did not know the latest set writes an older one again; then writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// Orders key sets. A later fetch has a greater one, even if the clock went back.
    pub generation: u64,
    /// Orders the writes of one generation.
    pub revision: u64,
}

impl Record {
    /// A fetch begins and takes the lease. Returns the lease's end.
    pub fn begin(&mut self, timing: &Timing, cause: FetchCause, now: UnixMillis) -> UnixMillis {
        let until = now.plus(timing.lease);
        // If the clock went back, the present keys count as fetched now, so that they serve no
        // longer than they may.
        self.fetched_at = self.fetched_at.map(|fetched_at| fetched_at.min(now));
        self.attempted_at = Some(now);
        self.lease_until = Some(until);
        if cause == FetchCause::UnknownKid {
            self.unknown_kid_at = Some(now);
        }
        until
    }

    /// Whether the lease with this end is still held.
    #[must_use]
    pub fn is_leased_until(&self, until: UnixMillis) -> bool {
        self.lease_until == Some(until)
    }

    /// The fetch is given up, so that another may begin at once.
    pub fn release(&mut self) {
        self.lease_until = None;
    }

    /// Drops the keys, so that a fetch is due.
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

    /// A fetch confirmed that the document is still current.
    pub fn confirm(&mut self, caching: Caching, now: UnixMillis) {
        // A 304 leaves unchanged what it does not mention (RFC 9111 section 4.3.4).
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

    /// Starts a generation: a key set was fetched or confirmed. The generation follows the clock,
    /// so that a worker that knows of no earlier fetch still counts as later. If the clock went
    /// back, it follows the previous generation.
    pub(super) fn begin_generation(&mut self, now: UnixMillis) {
        self.order.generation = self.order.generation.saturating_add(1).max(now.as_u64());
    }
}
