//! What is known of one key source.

use crate::{
    keys::{Document, FetchError},
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
