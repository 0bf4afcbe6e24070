//! One key source: its record here and in shared data, and the key set parsed from it.

use core::{cell::Cell, time::Duration};
use std::rc::Rc;

use crate::{
    host::{Expected, Host, SetSharedDataError},
    jose::{KeyOrigin, KeySet, KeySetLimits, Nameless, SecretKey},
    keys::{
        Account, Answer, Caching, Fetch, FetchCause, FetchError, FetchOutcome, KeySetVersion,
        Progress, Record, RemoteKeys, SeenRecords, Serving, SourceId, Standing, Timing,
        UnknownKidAnswer,
        fetch::Step,
        record::{self, Order},
    },
    policy::ProviderId,
    shared_record::SharedRecord,
    time::UnixMillis,
};

/// How often a write is tried again when another worker wrote in between.
const WRITE_ATTEMPTS: usize = 4;

/// A key source, as one worker knows it.
#[derive(Debug)]
pub(super) struct Source {
    id: SourceId,
    keys: RemoteKeys,
    limits: KeySetLimits,
    timing: Timing,
    /// Where the record lies in shared data.
    shared: SharedRecord,
    providers: Vec<ProviderId>,
    record: Record,
    /// The latest record that was seen in shared data, by all configurations that share this.
    latest: Rc<Cell<Order>>,
    /// The version of `record` in shared data.
    version: Option<u32>,
    key_set: Option<KeySet>,
    key_set_version: KeySetVersion,
    /// When a token that lacks a key last had the record read.
    read_at: Option<UnixMillis>,
    /// A token waits for a key that is not in the set.
    kid_wanted: bool,
}

/// What a look at shared data found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// No entry, or a host that refuses.
    Absent,
    /// Another record than before.
    New,
    /// Nothing new.
    Same,
}

impl Source {
    /// A source of which nothing is known yet.
    pub(super) fn new(
        id: SourceId,
        keys: &RemoteKeys,
        limits: KeySetLimits,
        key: Option<&SecretKey>,
    ) -> Self {
        Self {
            id,
            keys: keys.clone(),
            limits,
            timing: Timing::from(keys),
            shared: record::shared(keys, limits, key),
            providers: Vec::new(),
            record: Record::new(keys, limits),
            latest: Rc::default(),
            version: None,
            key_set: None,
            key_set_version: KeySetVersion::default(),
            read_at: None,
            kid_wanted: false,
        }
    }

    /// Accepts no record from shared data that is older than the latest one in `seen`.
    pub(super) fn heed(&mut self, seen: &mut SeenRecords) {
        self.latest = seen.latest(self.shared.name());
    }

    /// Whether these are the same keys, kept in the same way.
    pub(super) fn is_of(&self, keys: &RemoteKeys) -> bool {
        self.keys == *keys
    }

    /// One more provider has these keys.
    pub(super) fn serve(&mut self, provider: ProviderId) {
        self.providers.push(provider);
    }

    /// The providers that have these keys.
    pub(super) fn providers(&self) -> &[ProviderId] {
        &self.providers
    }

    /// The name of the record in shared data.
    pub(super) fn record_name(&self) -> &str {
        self.shared.name()
    }

    /// How the keys stand.
    pub(super) fn standing(&self, now: UnixMillis) -> Standing {
        let serving = self.record.serving(&self.timing, now);
        let key_set = self
            .key_set
            .as_ref()
            .filter(|_| matches!(serving, Serving::Fresh | Serving::Stale));
        Standing {
            keys: key_set.map_or(0, |key_set| key_set.keys().len()),
            is_stale: serving != Serving::Fresh && self.record.fetched_at.is_some(),
            fetched_at: self.record.fetched_at,
        }
    }

    /// How fetching goes, for operators.
    pub(super) fn account(&self, now: UnixMillis) -> Account<'_> {
        let serving = self.record.serving(&self.timing, now);
        let next = self.record.next_fetch(&self.timing);
        Account {
            keys: match (serving, &self.key_set) {
                (Serving::Fresh | Serving::Stale, Some(key_set)) => key_set.keys(),
                _ => &[],
            },
            is_stale: serving != Serving::Fresh && self.record.fetched_at.is_some(),
            fetched_at: self.record.fetched_at,
            attempted_at: self.record.attempted_at,
            last_error: self.record.last_error,
            next_fetch: (next != UnixMillis::default()).then_some(next),
        }
    }

    /// Whether keys may serve, and the keys.
    pub(super) fn serving(&self, now: UnixMillis) -> (Serving, Option<&KeySet>) {
        (
            self.record.serving(&self.timing, now),
            self.key_set.as_ref(),
        )
    }

    /// Which of its key sets is the present one.
    pub(super) const fn key_set_version(&self) -> KeySetVersion {
        self.key_set_version
    }

    /// Whether a token with an unknown kid is worth waiting for.
    pub(super) fn may_learn_kid(&self, now: UnixMillis) -> bool {
        self.record.may_learn_kid(&self.timing, now)
    }

    /// See [`KeyStore::hides_kid`](super::KeyStore::hides_kid).
    pub(super) fn hides_kid(
        &self,
        waited_since: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<Duration> {
        match self.keys.unknown_kid_answer {
            UnknownKidAnswer::Invalid => None,
            UnknownKidAnswer::Unavailable => self.record.hides_kid(&self.timing, waited_since, now),
        }
    }

    /// A token waits for a key that is not in the set.
    pub(super) fn want_kid(&mut self) {
        self.kid_wanted = true;
    }

    /// Begins a fetch if one is due and no other worker was first.
    pub(super) fn begin(&mut self, now: UnixMillis, host: &dyn Host) -> Option<Fetch> {
        let cause = self.due(now)?;
        let lease = self.take_lease(cause, now, host)?;
        let fetch = Fetch::first(self.id, &self.keys, lease)?;
        Some(self.conditional(fetch))
    }

    /// Takes in the answer to a call.
    pub(super) fn proceed(
        &mut self,
        fetch: &Fetch,
        answer: Result<Answer, FetchError>,
        now: UnixMillis,
        host: &dyn Host,
    ) -> Progress {
        match fetch.step {
            Step::Metadata(index) => match fetch.after_metadata(index, answer, &self.keys) {
                Ok(next) => Progress::Next(self.conditional(next)),
                Err(error) => self.end(fetch, Err(error), now, host),
            },
            Step::Jwks => self.end(fetch, answer, now, host),
        }
    }

    /// Gives a fetch up, so that another worker need not wait for the end of its lease.
    pub(super) fn abandon(&mut self, fetch: &Fetch, host: &dyn Host) {
        self.write(fetch.lease, host, Record::release);
    }

    /// Puts a document in the place of a fetched one.
    pub(super) fn preload(&mut self, document: &[u8], now: UnixMillis) -> Result<(), FetchError> {
        let (document, key_set) = read_document(document, self.limits)?;
        // There is no one to fetch from: the document is all that can be learnt.
        self.keys.unknown_kid_answer = UnknownKidAnswer::Invalid;
        self.record.begin(&self.timing, FetchCause::UnknownKid, now);
        self.record.succeed(document, "", Caching::default(), now);
        self.install(Some(key_set));
        Ok(())
    }

    /// Reads the record for a token that lacks a key, once in a millisecond. The host copies the whole
    /// record each time: a stranger who names unknown keys would have it copied with each request.
    pub(super) fn read_at(&mut self, now: UnixMillis, host: &dyn Host) -> Reading {
        if self.read_at.replace(now) == Some(now) {
            return Reading::Same;
        }
        self.read(host)
    }

    /// Reads the record if its version changed.
    pub(super) fn read(&mut self, host: &dyn Host) -> Reading {
        let Some(shared) = host.shared_data(self.shared.name()) else {
            return Reading::Absent;
        };
        if self.version == Some(shared.version) {
            return Reading::Same;
        }
        self.version = Some(shared.version);
        // What does not read as this source's record is no news; the next write replaces it.
        let Some(mut record) = self.opened(&shared.value) else {
            return Reading::Same;
        };
        if record.jwks != self.record.jwks || self.key_set.is_none() {
            let document = record.jwks.as_ref();
            let read = document.and_then(|text| read_document(text.as_bytes(), self.limits).ok());
            self.install(read.map(|(_, key_set)| key_set));
        }
        // Nobody who wrote it could have parsed it differently: it is not what was fetched.
        if self.key_set.is_none() {
            record.forget_keys();
        }
        self.record = record;
        Reading::New
    }

    /// The record in a value of shared data. `None` if it is not genuine, belongs to another
    /// source, or is older than one that was seen: an intruder who kept an old record could bring
    /// back a key that the issuer has withdrawn. Without a key anyone can write a record that looks
    /// later, so the order is not checked.
    fn opened(&self, value: &[u8]) -> Option<Record> {
        let record = Record::decode(self.shared.open(value)?, &self.keys, self.limits)?;
        if self.shared.is_sealed() {
            let known = self.record.order().max(self.latest.get());
            if record.order() < known {
                return None;
            }
            self.latest.set(record.order());
        }
        Some(record)
    }

    /// Writes a record if the present one is still the one that was read.
    fn set(&self, record: &Record, host: &dyn Host) -> Result<(), SetSharedDataError> {
        let expected = self.version.map_or(Expected::Absent, Expected::Version);
        host.set_shared_data(
            self.shared.name(),
            &self.shared.close(record.encode()),
            expected,
        )
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
        // Where another worker asked already, its answer is all there is to learn until later.
        self.kid_wanted = self.record.may_learn_kid(&self.timing, now);
        wants_kid.then_some(FetchCause::UnknownKid)
    }

    /// Takes the right to fetch. `None` when another worker was first.
    fn take_lease(
        &mut self,
        cause: FetchCause,
        now: UnixMillis,
        host: &dyn Host,
    ) -> Option<UnixMillis> {
        let mut leased = self.record.clone();
        let until = leased.begin(&self.timing, cause, now);
        leased.revise();
        for _ in 0..WRITE_ATTEMPTS {
            match self.set(&leased, host) {
                Ok(()) => {
                    self.record = leased;
                    // The host does not report the version of a write, so read it back.
                    self.read(host);
                    return Some(until);
                }
                Err(SetSharedDataError::Refused) => break,
                Err(SetSharedDataError::Changed) => match self.read(host) {
                    Reading::New => return None,
                    Reading::Absent => break,
                    // What is there is no genuine newer record: overwrite it.
                    Reading::Same => {}
                },
            }
        }
        // Without shared data, or with a record that cannot be read, each worker is on its own.
        self.record = leased;
        Some(until)
    }

    /// The same call, with the tag of the key set that is there from the same place. A set that
    /// does not parse any more must come anew.
    fn conditional(&self, fetch: Fetch) -> Fetch {
        let is_there = fetch.step == Step::Jwks
            && self.key_set.is_some()
            && self.record.uri.as_ref() == Some(&fetch.endpoint.uri);
        let etag = self.record.etag.as_ref().filter(|_| is_there);
        Fetch {
            if_none_match: etag.cloned(),
            ..fetch
        }
    }

    /// The key set's answer, or what kept the fetch from coming that far.
    fn end(
        &mut self,
        fetch: &Fetch,
        answer: Result<Answer, FetchError>,
        now: UnixMillis,
        host: &dyn Host,
    ) -> Progress {
        self.read(host);
        let failures = self.record.failures;
        let before = self.record.jwks.clone();
        let keys = match answer {
            Ok(Answer::Document { body, caching }) => {
                self.replace(fetch, &body, &caching, now, host)
            }
            Ok(Answer::NotModified { caching }) => self.confirm(fetch, &caching, now, host),
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
                if !self.write(fetch.lease, host, failed) {
                    return Progress::Superseded;
                }
                Err(error)
            }
        };
        Progress::Ended(FetchOutcome {
            providers: self.providers.clone(),
            uri: fetch.endpoint.uri.clone(),
            failures,
            keys,
            nameless: match &self.key_set {
                Some(key_set) if self.record.jwks != before => Nameless::of(key_set),
                _ => None,
            },
        })
    }

    /// The number of keys of a new document; `None` where the lease has gone.
    fn replace(
        &mut self,
        fetch: &Fetch,
        body: &[u8],
        caching: &Caching,
        now: UnixMillis,
        host: &dyn Host,
    ) -> Result<Option<usize>, FetchError> {
        let (document, key_set) = read_document(body, self.limits)?;
        let count = key_set.keys().len();
        let written = self.write(fetch.lease, host, |record| {
            record.succeed(document.clone(), &fetch.endpoint.uri, caching.clone(), now);
        });
        // Where another worker wrote in between, the set was parsed from its document.
        if written && self.record.jwks.as_ref() == Some(&document) {
            self.install(Some(key_set));
        }
        Ok(written.then_some(count))
    }

    /// The number of keys that still stand; `None` where the lease has gone.
    fn confirm(
        &mut self,
        fetch: &Fetch,
        caching: &Caching,
        now: UnixMillis,
        host: &dyn Host,
    ) -> Result<Option<usize>, FetchError> {
        // Nobody asked whether anything changed: there is nothing that could still stand.
        let (Some(_), Some(key_set)) = (&fetch.if_none_match, &self.key_set) else {
            return Err(FetchError::Status(304));
        };
        let count = key_set.keys().len();
        let confirmed = |record: &mut Record| record.confirm(caching.clone(), now);
        Ok(self.write(fetch.lease, host, confirmed).then_some(count))
    }

    /// Changes the record here and in shared data, on top of what others wrote meanwhile. False,
    /// and nothing is changed, where the lease is another's by now.
    fn write(&mut self, lease: UnixMillis, host: &dyn Host, change: impl Fn(&mut Record)) -> bool {
        self.read(host);
        for _ in 0..WRITE_ATTEMPTS {
            if !self.record.is_leased_until(lease) {
                return false;
            }
            let mut changed = self.record.clone();
            change(&mut changed);
            changed.revise();
            let written = self.set(&changed, host);
            if written == Err(SetSharedDataError::Changed) && self.read(host) != Reading::Absent {
                continue;
            }
            self.record = changed;
            if written.is_ok() {
                self.read(host);
            }
            return true;
        }
        // Others write without pause: keep the change here, the next read settles it.
        change(&mut self.record);
        true
    }

    /// The one way to another key set: what is known of tokens goes by its version.
    fn install(&mut self, key_set: Option<KeySet>) {
        self.key_set = key_set;
        self.key_set_version = self.key_set_version.next();
    }
}

fn read_document(body: &[u8], limits: KeySetLimits) -> Result<(String, KeySet), FetchError> {
    if body.len() > limits.bytes {
        return Err(FetchError::TooLarge);
    }
    let document = str::from_utf8(body).map_err(|_| FetchError::Document)?;
    let key_set = KeySet::parse(document.as_bytes(), KeyOrigin::Remote, limits)
        .map_err(|_| FetchError::Document)?;
    Ok((document.to_owned(), key_set))
}
