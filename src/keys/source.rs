//! One worker's view of a key source: which keys may serve, when a fetch is due, and how a fetch goes
//! on after each response.

use core::time::Duration;

use crate::{
    jose::{KeySet, KeySetLimits, Nameless},
    keys::{
        Caching, Document, Fetch, FetchCause, FetchError, FetchOutcome, FetchResponse,
        JwksLocation, KeyReport, KeySetVersion, KeyStatus, News, Progress, Record, Records,
        RemoteKeys, Serving, SourceId, Timing, UnknownKidAnswer, WantedKeys, fetch::Step,
        replica::Replica, without_query,
    },
    policy::ProviderId,
    time::UnixMillis,
};

/// One worker's view of a key source.
#[derive(Debug)]
pub(super) struct Source {
    replica: Replica,
    keys: RemoteKeys,
    limits: KeySetLimits,
    timing: Timing,
    providers: Vec<ProviderId>,
    /// The generation of a key set that lacked a key for which a request waits.
    lacking: Option<u64>,
}

impl Source {
    /// A source that has not fetched any keys yet.
    pub(super) fn new(id: SourceId, keys: &RemoteKeys, limits: KeySetLimits) -> Self {
        Self {
            replica: Replica::new(id),
            keys: keys.clone(),
            limits,
            timing: Timing::from(keys),
            providers: Vec::new(),
            lacking: None,
        }
    }

    /// Returns true if this source has the configuration `keys`.
    pub(super) fn is_of(&self, keys: &RemoteKeys) -> bool {
        self.keys == *keys
    }

    /// Adds a provider that uses these keys.
    pub(super) fn serve(&mut self, provider: ProviderId) {
        self.providers.push(provider);
    }

    /// The identifier of this source in its store.
    pub(super) const fn id(&self) -> SourceId {
        self.replica.id()
    }

    /// The providers that use these keys.
    pub(super) fn providers(&self) -> &[ProviderId] {
        &self.providers
    }

    /// The identity of this source. Sources with the same identity can share a record.
    pub(super) fn identity(&self) -> String {
        self.keys.identity(self.limits)
    }

    /// The record of the keys and of their fetches.
    const fn record(&self) -> &Record {
        self.replica.record()
    }

    /// The state of the keys, for metrics.
    pub(super) fn status(&self, now: UnixMillis) -> KeyStatus {
        self.report(now).status
    }

    /// The state of the keys and of their fetches, for operators.
    pub(super) fn report(&self, now: UnixMillis) -> KeyReport<'_> {
        let next = self.record().next_fetch(&self.timing);
        let (serving, key_set) = self.serving(now);
        let keys = match (serving, key_set) {
            (Serving::Fresh | Serving::Stale, Some(key_set)) => key_set.keys(),
            _ => &[],
        };
        KeyReport {
            status: KeyStatus {
                keys: keys.len(),
                is_stale: serving != Serving::Fresh && self.record().fetched_at.is_some(),
                fetched_at: self.record().fetched_at,
            },
            keys,
            uri: self.record().uri.as_deref(),
            attempted_at: self.record().attempted_at,
            last_error: self.record().last_error,
            next_fetch: (next != UnixMillis::default()).then_some(next),
        }
    }

    /// Returns two values: whether the keys may serve, and the key set.
    pub(super) fn serving(&self, now: UnixMillis) -> (Serving, Option<&KeySet>) {
        let document = self.record().document.as_ref();
        (
            self.record().serving(&self.timing, now),
            document.map(Document::key_set),
        )
    }

    /// The version of the current key set.
    pub(super) const fn key_set_version(&self) -> KeySetVersion {
        self.replica.key_set_version()
    }

    /// Returns true if a request whose token has an unknown kid should wait for a fetch.
    pub(super) fn may_learn_kid(&self, now: UnixMillis) -> bool {
        self.record().may_learn_kid(&self.timing, now)
    }

    /// See [`KeyStore::unknown_kid_wait`](super::KeyStore::unknown_kid_wait).
    pub(super) fn unknown_kid_wait(
        &self,
        waited_since: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<Duration> {
        match self.keys.unknown_kid_answer {
            UnknownKidAnswer::Invalid => None,
            UnknownKidAnswer::Unavailable => {
                self.record()
                    .unknown_kid_wait(&self.timing, waited_since, now)
            }
        }
    }

    /// The keys that a request lacks if it finds no key in the current key set.
    pub(super) const fn wanted(&self, cause: FetchCause) -> WantedKeys {
        WantedKeys {
            source: self.id(),
            cause,
            generation: self.record().order.generation,
        }
    }

    /// Records that a request waits for a key that is not in the key set of this generation.
    pub(super) fn want_kid(&mut self, generation: u64) {
        self.lacking = self.lacking.max(Some(generation));
    }

    /// The time when this source has something to do: when the running fetch gives way, or else
    /// when the next fetch is due.
    pub(super) fn next_wakeup(&self, now: UnixMillis) -> UnixMillis {
        let record = self.record();
        record
            .lease(&self.timing, now)
            .unwrap_or_else(|| record.next_fetch(&self.timing))
    }

    /// Begins a fetch if one is due and no other worker has begun one.
    pub(super) fn begin(&mut self, now: UnixMillis, records: &dyn Records) -> Option<Fetch> {
        let cause = self.due(now)?;
        let lease = self.replica.take_lease(&self.timing, cause, now, records)?;
        let fetch = Fetch::first(self.replica.id(), &self.keys, lease)?;
        Some(self.conditional(fetch))
    }

    /// Processes the response to a call.
    pub(super) fn proceed(
        &mut self,
        fetch: &Fetch,
        response: Result<FetchResponse, FetchError>,
        now: UnixMillis,
        records: &dyn Records,
    ) -> Progress {
        match (fetch.step, &self.keys.location) {
            (Step::Metadata(index), JwksLocation::Discovered(discovery)) => {
                match fetch.after_metadata(index, response, discovery) {
                    Ok(next) => Progress::Next(self.conditional(next)),
                    Err(error) => self.end(fetch, Err(error), now, records),
                }
            }
            (Step::Jwks | Step::Metadata(_), _) => self.end(fetch, response, now, records),
        }
    }

    /// Gives up a fetch, so that other workers need not wait until its lease ends.
    pub(super) fn abandon(&mut self, fetch: &Fetch, records: &dyn Records) {
        self.replica.write(fetch.lease, records, Record::release);
    }

    /// Installs a document as if it had been fetched at `now`.
    pub(super) fn preload(&mut self, document: &[u8], now: UnixMillis) -> Result<(), FetchError> {
        let document = Document::parse(document, self.limits)?;
        // Preloaded keys are never fetched again, so an unknown kid stays unknown.
        self.keys.unknown_kid_answer = UnknownKidAnswer::Invalid;
        let mut record = self.record().clone();
        record.begin(&self.timing, FetchCause::UnknownKid, now);
        record.succeed(document, "", Caching::default(), now);
        self.replica.install(record);
        Ok(())
    }

    /// Reads the shared record because no key matches a token (see [`Replica::read_at`]).
    pub(super) fn read_at(&mut self, now: UnixMillis, records: &dyn Records) -> News {
        self.replica.read_at(&self.timing, now, records)
    }

    /// Reads the shared record, and returns what has happened since this worker last read it.
    pub(super) fn synchronize(&mut self, records: &dyn Records) -> News {
        self.replica.synchronize(records)
    }

    fn due(&mut self, now: UnixMillis) -> Option<FetchCause> {
        let wants = |cause| self.record().wants_fetch(&self.timing, cause, now);
        if wants(FetchCause::Freshness) {
            return Some(FetchCause::Freshness);
        }
        let wants_kid = wants(FetchCause::UnknownKid);
        // If a newer key set is here, the request that lacked the key is decided again. The key may
        // be in this key set. If every such request still caused a fetch, the cool-down would begin
        // for nothing, and a key that is really new would be refused until its end.
        let lacks_newest = self.lacking >= Some(self.record().order.generation);
        // If another worker has just fetched, a fetch for the unknown kid may not begin yet. Then
        // no request waits for this kid any longer.
        if !lacks_newest || !self.record().may_learn_kid(&self.timing, now) {
            self.lacking = None;
            return None;
        }
        wants_kid.then_some(FetchCause::UnknownKid)
    }

    /// Adds the current document's entity tag to a call for the key set, if the document came from
    /// the URI that is called.
    fn conditional(&self, fetch: Fetch) -> Fetch {
        let is_there = fetch.step == Step::Jwks
            && self.record().document.is_some()
            && self.record().uri.as_ref() == Some(&fetch.endpoint.uri);
        let etag = self.record().etag.as_ref().filter(|_| is_there);
        Fetch {
            if_none_match: etag.cloned(),
            ..fetch
        }
    }

    /// Ends a fetch. `response` is the response to the call for the key set, or the error of an
    /// earlier call.
    fn end(
        &mut self,
        fetch: &Fetch,
        response: Result<FetchResponse, FetchError>,
        now: UnixMillis,
        records: &dyn Records,
    ) -> Progress {
        let _ = self.replica.synchronize(records);
        let (failures, previous) = (self.record().failures, self.record().last_error);
        let before = self.key_set_version();
        let keys = match response {
            Ok(FetchResponse::Document { body, caching }) => {
                self.replace(fetch, &body, &caching, now, records)
            }
            Ok(FetchResponse::NotModified { caching }) => {
                self.confirm(fetch, &caching, now, records)
            }
            Err(error) => Err(error),
        };
        let keys = match keys {
            Ok(None) => return Progress::Superseded,
            Ok(Some(count)) => {
                self.lacking = None;
                Ok(count)
            }
            Err(error) => {
                let failed = |record: &mut Record| record.fail(error, now);
                if !self.replica.write(fetch.lease, records, failed) {
                    return Progress::Superseded;
                }
                Err(error)
            }
        };
        Progress::Ended(FetchOutcome {
            providers: self.providers.clone(),
            uri: without_query(&fetch.endpoint.uri).to_owned(),
            cluster: fetch.endpoint.cluster.clone(),
            failures,
            previous,
            keys,
            nameless: match &self.record().document {
                Some(document) if self.key_set_version() != before => {
                    Nameless::of(document.key_set())
                }
                _ => None,
            },
        })
    }

    /// Installs a new document. Returns its number of keys, or `None` if the lease was lost.
    fn replace(
        &mut self,
        fetch: &Fetch,
        body: &[u8],
        caching: &Caching,
        now: UnixMillis,
        records: &dyn Records,
    ) -> Result<Option<usize>, FetchError> {
        let document = Document::parse(body, self.limits)?;
        let count = document.key_set().keys().len();
        let written = self.replica.write(fetch.lease, records, |record| {
            record.succeed(document.clone(), &fetch.endpoint.uri, caching.clone(), now);
        });
        Ok(written.then_some(count))
    }

    /// Confirms the current document. Returns its number of keys, or `None` if the lease was lost.
    fn confirm(
        &mut self,
        fetch: &Fetch,
        caching: &Caching,
        now: UnixMillis,
        records: &dyn Records,
    ) -> Result<Option<usize>, FetchError> {
        // A 304 to a request without an entity tag confirms nothing.
        let (Some(_), Some(document)) = (&fetch.if_none_match, &self.record().document) else {
            return Err(FetchError::Status(304));
        };
        let count = document.key_set().keys().len();
        let confirmed = |record: &mut Record| record.confirm(caching.clone(), now);
        Ok(self
            .replica
            .write(fetch.lease, records, confirmed)
            .then_some(count))
    }
}
