//! The record of one key source, and how fetches change it.

use crate::{
    keys::{Caching, Document, FetchCause, FetchError, Timing},
    time::UnixMillis,
};

/// The state of one key source, including leases, failures and the cool-down for unknown kids. All
/// workers of a process share this state through [`Records`](super::Records).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Determines which of two records of a source is newer.
    pub order: Order,
    /// The last usable document.
    pub document: Option<Document>,
    /// The URI that the document came from.
    pub uri: Option<String>,
    /// The document's entity tag.
    pub etag: Option<String>,
    /// How many seconds the document stays fresh, as stated by the server.
    pub max_age: Option<u64>,
    /// The time when the document was fetched or last confirmed (status 304).
    pub fetched_at: Option<UnixMillis>,
    /// The time when a fetch last began or failed.
    pub attempted_at: Option<UnixMillis>,
    /// The number of failed fetches since the last success.
    pub failures: u32,
    /// Why the last fetch failed; `None` if the last fetch succeeded.
    pub last_error: Option<FetchError>,
    /// The time when the lease ends. A lease is a worker's right to fetch. The leases of a source
    /// end at different times, so this time also identifies the lease.
    pub lease_until: Option<UnixMillis>,
    /// The time of the last fetch that an unknown kid caused.
    pub unknown_kid_at: Option<UnixMillis>,
}

/// Orders the records of one source: the newer record is greater. The generation is compared before
/// the revision, because a worker may write an older key set after another worker has written the
/// newest key set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// The generation of the key set. The number grows with each successful fetch, even if the
    /// clock is set back.
    pub generation: u64,
    /// The revision within the generation. The number grows with each write.
    pub revision: u64,
}

impl Record {
    /// Begins a fetch by taking the lease. Returns the time when the lease ends.
    pub fn begin(&mut self, timing: &Timing, cause: FetchCause, now: UnixMillis) -> UnixMillis {
        let until = now.plus(timing.lease);
        // If the clock was set back, `fetched_at` is in the future. Without this correction, the
        // keys would serve for too long.
        self.fetched_at = self.fetched_at.map(|fetched_at| fetched_at.min(now));
        self.attempted_at = Some(now);
        self.lease_until = Some(until);
        if cause == FetchCause::UnknownKid {
            self.unknown_kid_at = Some(now);
        }
        until
    }

    /// Returns true if the lease that ends at `until` is still the current lease.
    #[must_use]
    pub fn is_leased_until(&self, until: UnixMillis) -> bool {
        self.lease_until == Some(until)
    }

    /// Ends the lease of a fetch that was given up, so that another fetch may begin at once.
    pub fn release(&mut self) {
        self.lease_until = None;
    }

    /// Removes the keys, which makes a fetch due.
    pub fn forget_keys(&mut self) {
        (self.document, self.fetched_at, self.etag) = (None, None, None);
    }

    /// Records that a fetch returned a usable document from `uri`.
    pub fn succeed(&mut self, document: Document, uri: &str, caching: Caching, now: UnixMillis) {
        self.document = Some(document);
        self.uri = Some(uri.to_owned());
        (self.etag, self.max_age) = (None, None);
        self.confirm(caching, now);
    }

    /// Records that a fetch confirmed the document (status 304).
    pub fn confirm(&mut self, caching: Caching, now: UnixMillis) {
        // Headers that are missing from a 304 keep their previous values (RFC 9111 section 4.3.4).
        self.etag = caching.etag.or_else(|| self.etag.take());
        // If the document contains a refresh hint and the headers state a time, the shorter time
        // applies.
        let hint = self.document.as_ref();
        let hint = hint.and_then(|document| document.key_set().refresh_hint());
        let max_age = caching.max_age.or(self.max_age);
        self.max_age = max_age.into_iter().chain(hint).min();
        self.fetched_at = Some(now);
        self.begin_generation(now);
        self.failures = 0;
        self.last_error = None;
        self.lease_until = None;
    }

    /// Records that a fetch failed. The record keeps the last usable keys.
    pub fn fail(&mut self, error: FetchError, now: UnixMillis) {
        self.attempted_at = Some(now);
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(error);
        self.lease_until = None;
    }

    /// Increments the revision. Callers must call this method before each write.
    pub(super) fn revise(&mut self) {
        self.order.revision = self.order.revision.saturating_add(1);
    }

    /// Starts a new generation after a key set was fetched or confirmed. The number of the new
    /// generation is the current time in milliseconds, so it is greater than the numbers of all
    /// earlier generations, even of those that this worker has not seen. If the clock was set back,
    /// the number is the previous generation plus one.
    pub(super) fn begin_generation(&mut self, now: UnixMillis) {
        self.order.generation = self.order.generation.saturating_add(1).max(now.as_u64());
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_confirmed_key_set_is_newer_than_every_earlier_one() {
        let mut record = Record::default();
        for (now, generation) in [(1000, 1000), (2000, 2000), (500, 2001), (2001, 2002)] {
            record.confirm(Caching::default(), UnixMillis::new(now));
            assert_eq!(record.order.generation, generation);
        }
    }

    #[test]
    fn each_write_is_newer_than_the_write_before() {
        let mut record = Record::default();
        for revision in 1..4 {
            let before = record.order;
            record.revise();
            assert!(record.order > before);
            assert_eq!(record.order.revision, revision);
        }
    }

    /// If the record kept the entity tag without the keys, the server could answer that nothing has
    /// changed (304), and the worker would get no keys.
    #[test]
    fn forgets_the_entity_tag_and_the_time_with_the_keys() {
        let mut record = Record {
            etag: Some("\"a\"".to_owned()),
            fetched_at: Some(UnixMillis::new(1)),
            failures: 1,
            ..Record::default()
        };
        record.forget_keys();
        let expected = Record {
            failures: 1,
            ..Record::default()
        };
        assert_eq!(record, expected);
    }
}
