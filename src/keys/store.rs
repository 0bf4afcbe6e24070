//! The keys of all providers, and their records in the proxy's shared data.
//!
//! Every worker holds a copy of each record and the key set parsed from it, and reads the record
//! anew when its version changed. Writes compare versions, so of several workers that want to
//! fetch exactly one gets the lease. Where the host refuses shared data, each worker fetches for
//! itself.

use core::time::Duration;

use crate::{
    config::{Config, KeySource, ProviderId, RemoteJwks},
    host::{Expected, Host, SetSharedDataError},
    jose::{KeyOrigin, KeySet, KeySetLimits},
    keys::{FetchCause, FetchError, Record, Serving, Timing, record::shared_data_key},
    time::UnixMillis,
};

/// How often a write is tried again when another worker wrote in between.
const WRITE_ATTEMPTS: usize = 4;

/// Stands for a key source: its position in the [`KeyStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(usize);

/// A call to make for a key source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// For whom; goes back into [`KeyStore::complete`].
    pub source: SourceId,
    /// Where to.
    pub request: RemoteJwks,
}

/// What came of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOutcome {
    /// The providers whose keys these are.
    pub providers: Vec<ProviderId>,
    /// The number of usable keys, or why there are none new.
    pub keys: Result<usize, FetchError>,
}

/// The keys of one provider at one time.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    /// They are on their way.
    Pending(SourceId),
    /// These may serve.
    Serving(&'a KeySet, SourceId),
    /// They cannot be had; the next try is this far away.
    Unavailable(Duration),
}

/// The keys of all providers.
#[derive(Debug, Default)]
pub struct KeyStore {
    sources: Vec<Source>,
    limits: KeySetLimits,
}

#[derive(Debug)]
struct Source {
    remote: RemoteJwks,
    timing: Timing,
    shared_data_key: String,
    providers: Vec<ProviderId>,
    record: Record,
    /// The version of `record` in shared data.
    version: Option<u32>,
    key_set: Option<KeySet>,
    /// A token waits for a key that is not in the set.
    kid_wanted: bool,
}

impl KeyStore {
    /// The store for the remote sources of enabled providers; those with equal sources share one.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let limits = KeySetLimits {
            bytes: config.limits.jwks_bytes,
            keys: config.limits.jwks_keys,
        };
        let mut store = Self {
            sources: Vec::new(),
            limits,
        };
        for (id, provider) in config.providers() {
            if let KeySource::Remote(remote) = &provider.keys
                && provider.enabled
            {
                store.add(id, remote);
            }
        }
        store
    }

    /// Whether there is nothing to fetch.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The keys of a provider with a remote source; `None` for any other.
    #[must_use]
    pub fn keys(&self, provider: ProviderId, now: UnixMillis) -> Option<Keys<'_>> {
        let (id, source) = self.source_of(provider)?;
        Some(
            match (source.record.serving(&source.timing, now), &source.key_set) {
                (Serving::Fresh | Serving::Stale, Some(key_set)) => Keys::Serving(key_set, id),
                // The record came without a set that parses: as good as none.
                (Serving::Fresh | Serving::Stale | Serving::Pending, _) => Keys::Pending(id),
                (Serving::Unavailable(wait), _) => Keys::Unavailable(wait),
            },
        )
    }

    /// Whether a token with an unknown kid is worth waiting for.
    #[must_use]
    pub fn may_learn_kid(&self, id: SourceId, now: UnixMillis) -> bool {
        self.sources
            .get(id.0)
            .is_some_and(|source| source.record.may_learn_kid(&source.timing, now))
    }

    /// A token waits for keys of this source. Keys that are not fresh are fetched in any case; an
    /// unknown kid has to be asked for.
    pub fn want(&mut self, id: SourceId, cause: FetchCause) {
        if cause == FetchCause::UnknownKid
            && let Some(source) = self.sources.get_mut(id.0)
        {
            source.kid_wanted = true;
        }
    }

    /// Reads what other workers wrote. True when something changed.
    pub fn synchronize(&mut self, host: &dyn Host) -> bool {
        let limits = self.limits;
        let mut changed = false;
        for source in &mut self.sources {
            changed |= source.read(host, limits) == Reading::New;
        }
        changed
    }

    /// Takes the lease of every source that is due, and returns the calls to make.
    pub fn due(&mut self, now: UnixMillis, host: &dyn Host) -> Vec<Fetch> {
        let limits = self.limits;
        self.sources
            .iter_mut()
            .enumerate()
            .filter_map(|(index, source)| {
                let cause = source.due(now)?;
                source.take_lease(cause, now, host, limits).then(|| Fetch {
                    source: SourceId(index),
                    request: source.remote.clone(),
                })
            })
            .collect()
    }

    /// Takes in what a fetch brought: the body of a 200, or why there is none.
    pub fn complete(
        &mut self,
        id: SourceId,
        answer: Result<&[u8], FetchError>,
        now: UnixMillis,
        host: &dyn Host,
    ) -> Option<FetchOutcome> {
        let limits = self.limits;
        let source = self.sources.get_mut(id.0)?;
        let keys = answer.and_then(|body| read_document(body, limits));
        let count = match &keys {
            Ok((_, key_set)) => Ok(key_set.keys().len()),
            Err(error) => Err(*error),
        };
        match keys {
            Ok((document, key_set)) => {
                source.write(host, limits, |record| record.succeed(document.clone(), now));
                // Where another worker wrote in between, the set was parsed from its document.
                if source.record.jwks.as_ref() == Some(&document) {
                    source.key_set = Some(key_set);
                }
                source.kid_wanted = false;
            }
            Err(error) => source.write(host, limits, |record| record.fail(error, now)),
        }
        Some(FetchOutcome {
            providers: source.providers.clone(),
            keys: count,
        })
    }

    /// Puts a document in the place of a fetched one, as a fetch at `now` would.
    ///
    /// # Errors
    /// When it is no key set with a usable key, or the provider has no remote source.
    pub fn preload(
        &mut self,
        provider: ProviderId,
        document: &[u8],
        now: UnixMillis,
    ) -> Result<(), FetchError> {
        let (document, key_set) = read_document(document, self.limits)?;
        let source = self
            .sources
            .iter_mut()
            .find(|source| source.providers.contains(&provider))
            .ok_or(FetchError::Cluster)?;
        // There is no one to fetch from: the document is all that can be learnt.
        source
            .record
            .begin(&source.timing, FetchCause::UnknownKid, now);
        source.record.succeed(document, now);
        source.key_set = Some(key_set);
        Ok(())
    }

    fn add(&mut self, provider: ProviderId, remote: &RemoteJwks) {
        if let Some(source) = self
            .sources
            .iter_mut()
            .find(|source| source.remote == *remote)
        {
            source.providers.push(provider);
            return;
        }
        self.sources.push(Source {
            timing: Timing::from(remote),
            shared_data_key: shared_data_key(remote),
            providers: vec![provider],
            record: Record::new(remote),
            version: None,
            key_set: None,
            kid_wanted: false,
            remote: remote.clone(),
        });
    }

    fn source_of(&self, provider: ProviderId) -> Option<(SourceId, &Source)> {
        self.sources
            .iter()
            .enumerate()
            .find(|(_, source)| source.providers.contains(&provider))
            .map(|(index, source)| (SourceId(index), source))
    }
}

impl Source {
    fn due(&mut self, now: UnixMillis) -> Option<FetchCause> {
        if self
            .record
            .wants_fetch(&self.timing, FetchCause::Freshness, now)
        {
            return Some(FetchCause::Freshness);
        }
        if !self.kid_wanted {
            return None;
        }
        if !self.record.may_learn_kid(&self.timing, now) {
            // Another worker asked already: its answer is all there is to learn until later.
            self.kid_wanted = false;
        }
        self.record
            .wants_fetch(&self.timing, FetchCause::UnknownKid, now)
            .then_some(FetchCause::UnknownKid)
    }

    /// Takes the right to fetch. False when another worker was first.
    fn take_lease(
        &mut self,
        cause: FetchCause,
        now: UnixMillis,
        host: &dyn Host,
        limits: KeySetLimits,
    ) -> bool {
        let mut leased = self.record.clone();
        leased.begin(&self.timing, cause, now);
        match host.set_shared_data(&self.shared_data_key, &leased.encode(), self.expected()) {
            Ok(()) => {
                self.record = leased;
                // The version of one's own write is not told: read it back.
                self.read(host, limits);
                true
            }
            Err(SetSharedDataError::Changed) if self.read(host, limits) != Reading::Absent => false,
            // Without shared data, or with a record that cannot be read, each worker is on its own.
            Err(SetSharedDataError::Changed | SetSharedDataError::Refused) => {
                self.record = leased;
                true
            }
        }
    }

    /// Changes the record here and in shared data, on top of what others wrote meanwhile.
    fn write(&mut self, host: &dyn Host, limits: KeySetLimits, change: impl Fn(&mut Record)) {
        for _ in 0..WRITE_ATTEMPTS {
            let mut changed = self.record.clone();
            change(&mut changed);
            let written =
                host.set_shared_data(&self.shared_data_key, &changed.encode(), self.expected());
            if written == Err(SetSharedDataError::Changed) {
                self.read(host, limits);
                continue;
            }
            self.record = changed;
            if written.is_ok() {
                self.read(host, limits);
            }
            return;
        }
        // Others write without pause: keep the change here, the next read settles it.
        change(&mut self.record);
    }

    fn expected(&self) -> Expected {
        self.version.map_or(Expected::Absent, Expected::Version)
    }

    /// Reads the record if its version changed.
    fn read(&mut self, host: &dyn Host, limits: KeySetLimits) -> Reading {
        let Some(shared) = host.shared_data(&self.shared_data_key) else {
            return Reading::Absent;
        };
        if self.version == Some(shared.version) {
            return Reading::Same;
        }
        self.version = Some(shared.version);
        // What does not read as this source's record is no news; the next write replaces it.
        let Some(record) = Record::decode(&shared.value, &self.remote) else {
            return Reading::Same;
        };
        if record.jwks != self.record.jwks || self.key_set.is_none() {
            self.key_set = record
                .jwks
                .as_ref()
                .and_then(|document| read_document(document.as_bytes(), limits).ok())
                .map(|(_, key_set)| key_set);
        }
        self.record = record;
        Reading::New
    }
}

/// What a look at shared data found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// No entry, or a host that refuses.
    Absent,
    /// Another record than before.
    New,
    /// Nothing new.
    Same,
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
