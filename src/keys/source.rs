//! One worker's copy of a key source, and its synchronization with the record that workers share.

use core::time::Duration;

use crate::{
    jose::{KeySet, KeySetLimits, Nameless},
    keys::{
        Caching, Document, Fetch, FetchCause, FetchError, FetchOutcome, FetchResponse,
        JwksLocation, KeyReport, KeySetVersion, KeyStatus, Progress, Reading, Record, Records,
        RemoteKeys, Serving, SourceId, Timing, UnknownKidAnswer, Version, WriteError, fetch::Step,
        without_query,
    },
    policy::ProviderId,
    time::UnixMillis,
};

/// The maximum number of attempts to write a record that other workers also write.
const WRITE_ATTEMPTS: usize = 4;
/// The minimum time between two reads of the shared record, if tokens without a matching key cause
/// both reads.
const READ_INTERVAL: Duration = Duration::from_millis(1);
/// Replaces [`READ_INTERVAL`] while `Record::may_be_outdated` returns false, that is, while no
/// other worker is expected to have written a newer record.
const SETTLED_READ_INTERVAL: Duration = Duration::from_millis(20);

/// One worker's view of a key source.
#[derive(Debug)]
pub(super) struct Source {
    id: SourceId,
    keys: RemoteKeys,
    limits: KeySetLimits,
    timing: Timing,
    providers: Vec<ProviderId>,
    record: Record,
    /// The last known version of the shared record.
    version: Option<Version>,
    key_set_version: KeySetVersion,
    /// The last time when a token without a matching key caused a read of the shared record.
    read_at: Option<UnixMillis>,
    /// True if a request waits for a key that is not in the key set.
    kid_wanted: bool,
}

impl Source {
    /// A source that has not fetched any keys yet.
    pub(super) fn new(id: SourceId, keys: &RemoteKeys, limits: KeySetLimits) -> Self {
        Self {
            id,
            keys: keys.clone(),
            limits,
            timing: Timing::from(keys),
            providers: Vec::new(),
            record: Record::default(),
            version: None,
            key_set_version: KeySetVersion::default(),
            read_at: None,
            kid_wanted: false,
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

    /// The providers that use these keys.
    pub(super) fn providers(&self) -> &[ProviderId] {
        &self.providers
    }

    /// The identity of this source. Sources with the same identity can share a record.
    pub(super) fn identity(&self) -> String {
        self.keys.identity(self.limits)
    }

    /// The state of the keys, for metrics.
    pub(super) fn status(&self, now: UnixMillis) -> KeyStatus {
        self.report(now).status
    }

    /// The state of the keys and of their fetches, for operators.
    pub(super) fn report(&self, now: UnixMillis) -> KeyReport<'_> {
        let next = self.record.next_fetch(&self.timing);
        let (serving, key_set) = self.serving(now);
        let keys = match (serving, key_set) {
            (Serving::Fresh | Serving::Stale, Some(key_set)) => key_set.keys(),
            _ => &[],
        };
        KeyReport {
            status: KeyStatus {
                keys: keys.len(),
                is_stale: serving != Serving::Fresh && self.record.fetched_at.is_some(),
                fetched_at: self.record.fetched_at,
            },
            keys,
            uri: self.record.uri.as_deref(),
            attempted_at: self.record.attempted_at,
            last_error: self.record.last_error,
            next_fetch: (next != UnixMillis::default()).then_some(next),
        }
    }

    /// Returns two values: whether the keys may serve, and the key set.
    pub(super) fn serving(&self, now: UnixMillis) -> (Serving, Option<&KeySet>) {
        let document = self.record.document.as_ref();
        (
            self.record.serving(&self.timing, now),
            document.map(Document::key_set),
        )
    }

    /// The version of the current key set.
    pub(super) const fn key_set_version(&self) -> KeySetVersion {
        self.key_set_version
    }

    /// Returns true if a request whose token has an unknown kid should wait for a fetch.
    pub(super) fn may_learn_kid(&self, now: UnixMillis) -> bool {
        self.record.may_learn_kid(&self.timing, now)
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
                self.record
                    .unknown_kid_wait(&self.timing, waited_since, now)
            }
        }
    }

    /// Records that a request waits for a key that is not in the key set.
    pub(super) fn want_kid(&mut self) {
        self.kid_wanted = true;
    }

    /// Begins a fetch if one is due and no other worker has begun one.
    pub(super) fn begin(&mut self, now: UnixMillis, records: &dyn Records) -> Option<Fetch> {
        let cause = self.due(now)?;
        let lease = self.take_lease(cause, now, records)?;
        let fetch = Fetch::first(self.id, &self.keys, lease)?;
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
        self.write(fetch.lease, records, Record::release);
    }

    /// Installs a document as if it had been fetched at `now`.
    pub(super) fn preload(&mut self, document: &[u8], now: UnixMillis) -> Result<(), FetchError> {
        let document = Document::parse(document, self.limits)?;
        // Preloaded keys are never fetched again, so an unknown kid stays unknown.
        self.keys.unknown_kid_answer = UnknownKidAnswer::Invalid;
        self.record.begin(&self.timing, FetchCause::UnknownKid, now);
        let mut record = self.record.clone();
        record.succeed(document, "", Caching::default(), now);
        self.install(record);
        Ok(())
    }

    /// Reads the shared record because no key matches a token. Does nothing if the last such read
    /// was too recent. A read can copy the whole record, and clients that send many unknown kids
    /// must not cause many reads. Returns true if the record was new to this worker.
    pub(super) fn read_at(&mut self, now: UnixMillis, records: &dyn Records) -> bool {
        let interval = if self.record.may_be_outdated(&self.timing, now) {
            READ_INTERVAL
        } else {
            SETTLED_READ_INTERVAL
        };
        let read_at = self.read_at;
        if read_at.is_some_and(|last| last.is_within(interval, now)) {
            return false;
        }
        self.read_at = Some(now);
        self.read(records) == Found::New
    }

    /// Reads the shared record. Returns true if the record was new to this worker.
    pub(super) fn synchronize(&mut self, records: &dyn Records) -> bool {
        self.read(records) == Found::New
    }

    fn read(&mut self, records: &dyn Records) -> Found {
        match records.read(self.id, self.version, self.record.order) {
            Reading::Absent => Found::Nothing,
            Reading::Same => Found::Same,
            Reading::Unusable(version) => {
                self.version = Some(version);
                Found::Same
            }
            Reading::New(record, version) => {
                self.version = Some(version);
                self.install(record);
                Found::New
            }
        }
    }

    /// Writes a record to the shared data and makes it the local record, unless another worker has
    /// written the shared record since the last read.
    fn set(&mut self, record: &Record, records: &dyn Records) -> Result<(), WriteError> {
        self.version = Some(records.write(self.id, record, self.version)?);
        self.install(record.clone());
        Ok(())
    }

    fn due(&mut self, now: UnixMillis) -> Option<FetchCause> {
        let wants = |cause| self.record.wants_fetch(&self.timing, cause, now);
        if wants(FetchCause::Freshness) {
            return Some(FetchCause::Freshness);
        }
        if !self.kid_wanted {
            return None;
        }
        let wants_kid = wants(FetchCause::UnknownKid);
        // If another worker has just fetched, a fetch for the unknown kid may not begin yet. Then
        // no request waits for this kid any longer.
        self.kid_wanted = self.record.may_learn_kid(&self.timing, now);
        wants_kid.then_some(FetchCause::UnknownKid)
    }

    /// Takes the lease. Returns the time when the lease ends, or `None` if another worker has taken
    /// a lease first.
    fn take_lease(
        &mut self,
        cause: FetchCause,
        now: UnixMillis,
        records: &dyn Records,
    ) -> Option<UnixMillis> {
        let mut leased = self.record.clone();
        let until = leased.begin(&self.timing, cause, now);
        leased.revise();
        for _ in 0..WRITE_ATTEMPTS {
            match self.set(&leased, records) {
                Ok(()) => return Some(until),
                Err(WriteError::Refused) => break,
                Err(WriteError::Changed) => match self.read(records) {
                    Found::New => return None,
                    Found::Nothing => break,
                    // The shared data is older than the local record, or is not a record. The next
                    // attempt overwrites the shared data.
                    Found::Same => {}
                },
            }
        }
        // The host cannot share records, or other workers keep writing. This worker fetches with a
        // lease that the other workers do not see.
        self.install(leased);
        Some(until)
    }

    /// Adds the current document's entity tag to a call for the key set, if the document came from
    /// the URI that is called.
    fn conditional(&self, fetch: Fetch) -> Fetch {
        let is_there = fetch.step == Step::Jwks
            && self.record.document.is_some()
            && self.record.uri.as_ref() == Some(&fetch.endpoint.uri);
        let etag = self.record.etag.as_ref().filter(|_| is_there);
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
        self.read(records);
        let (failures, previous) = (self.record.failures, self.record.last_error);
        let before = self.key_set_version;
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
                self.kid_wanted = false;
                Ok(count)
            }
            Err(error) => {
                let failed = |record: &mut Record| record.fail(error, now);
                if !self.write(fetch.lease, records, failed) {
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
            nameless: match &self.record.document {
                Some(document) if self.key_set_version != before => {
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
        let written = self.write(fetch.lease, records, |record| {
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
        let (Some(_), Some(document)) = (&fetch.if_none_match, &self.record.document) else {
            return Err(FetchError::Status(304));
        };
        let count = document.key_set().keys().len();
        let confirmed = |record: &mut Record| record.confirm(caching.clone(), now);
        Ok(self.write(fetch.lease, records, confirmed).then_some(count))
    }

    /// Reads what other workers have written, and then applies a change to the local and the shared
    /// record. If the lease was lost, changes nothing and returns false.
    fn write(
        &mut self,
        lease: UnixMillis,
        records: &dyn Records,
        change: impl Fn(&mut Record),
    ) -> bool {
        self.read(records);
        for _ in 0..WRITE_ATTEMPTS {
            if !self.record.is_leased_until(lease) {
                return false;
            }
            let mut changed = self.record.clone();
            change(&mut changed);
            changed.revise();
            let written = self.set(&changed, records);
            if written == Err(WriteError::Changed) && self.read(records) != Found::Nothing {
                continue;
            }
            if written.is_err() {
                self.install(changed);
            }
            return true;
        }
        // Other workers keep writing, so the change is applied only to the local record. The next
        // read reconciles the records.
        let mut changed = self.record.clone();
        change(&mut changed);
        self.install(changed);
        true
    }

    /// Replaces the local record. No other function may change the document, because every change
    /// of the document must also change the key set's version. Cached tokens depend on this
    /// version.
    fn install(&mut self, record: Record) {
        if record.document != self.record.document {
            self.key_set_version = self.key_set_version.next();
        }
        self.record = record;
    }
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// There is no shared record, or the host cannot share records.
    Nothing,
    /// The shared record is not newer than the local record.
    Same,
    /// The shared record was new and has replaced the local record.
    New,
}
