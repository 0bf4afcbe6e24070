//! The keys of all providers, and their records in the proxy's shared data.
//!
//! Every worker holds a copy of each record and the key set parsed from it, and reads the record
//! anew when its version changed. Writes compare versions, so of several workers that want to
//! fetch exactly one gets the lease. Where the host refuses shared data, each worker fetches for
//! itself.

use core::time::Duration;

use crate::{
    jose::{KeySet, KeySetLimits},
    keys::{
        Fetch, FetchCause, FetchError, FetchResponse, KeyReport, KeySetVersion, KeyStatus,
        PreloadError, Progress, Records, RemoteKeys, Serving, SourceId, source::Source,
    },
    policy::ProviderId,
    time::UnixMillis,
};

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
}

impl KeyStore {
    /// The store for these sources of providers; equal ones share a record.
    #[must_use]
    pub fn new<'a>(
        sources: impl Iterator<Item = (ProviderId, &'a RemoteKeys)>,
        limits: KeySetLimits,
    ) -> Self {
        let mut store = Self::default();
        sources.for_each(|(id, keys)| store.add(id, keys, limits));
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
        Some(match source.serving(now) {
            (Serving::Fresh | Serving::Stale, Some(key_set)) => Keys::Serving(key_set, id),
            // The record came without a set that parses: as good as none.
            (Serving::Fresh | Serving::Stale | Serving::Pending, _) => Keys::Pending(id),
            (Serving::Unavailable(wait), _) => Keys::Unavailable(wait),
        })
    }

    /// Which of the key sets that a source has had is its present one.
    #[must_use]
    pub fn version(&self, id: SourceId) -> KeySetVersion {
        let source = self.sources.get(id.index());
        source.map_or(KeySetVersion::default(), Source::key_set_version)
    }

    /// How the keys of a provider stand that has a remote source; `None` for any other.
    #[must_use]
    pub fn report(&self, provider: ProviderId, now: UnixMillis) -> Option<KeyReport<'_>> {
        self.source_of(provider)
            .map(|(_, source)| source.report(now))
    }

    /// Each provider with a remote source, and how its keys stand.
    pub fn statuses(&self, now: UnixMillis) -> impl Iterator<Item = (ProviderId, KeyStatus)> {
        self.sources.iter().flat_map(move |source| {
            let status = source.status(now);
            source.providers().iter().map(move |id| (*id, status))
        })
    }

    /// Whether a token with an unknown kid is worth waiting for.
    #[must_use]
    pub fn may_learn_kid(&self, id: SourceId, now: UnixMillis) -> bool {
        self.sources
            .get(id.index())
            .is_some_and(|source| source.may_learn_kid(now))
    }

    /// How long a client has to wait if no fetch may look for its token's kid now and the operator
    /// wants it to retry (`unknown_kid_answer: 503`). `None` if the token counts as forged, for
    /// example because its request waited for a fetch that did not bring the key.
    #[must_use]
    pub fn hides_kid(
        &self,
        id: SourceId,
        waited_since: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<Duration> {
        self.sources.get(id.index())?.hides_kid(waited_since, now)
    }

    /// A token waits for keys of this source. Keys that are not fresh are fetched in any case; an
    /// unknown kid has to be asked for.
    pub fn want(&mut self, id: SourceId, cause: FetchCause) {
        if cause == FetchCause::UnknownKid
            && let Some(source) = self.sources.get_mut(id.index())
        {
            source.want_kid();
        }
    }

    /// Reads what other workers wrote. True when something changed.
    pub fn synchronize(&mut self, records: &dyn Records) -> bool {
        self.sources.iter_mut().fold(false, |changed, source| {
            source.synchronize(records) | changed
        })
    }

    /// Reads what other workers wrote about the keys of some providers, unless it was asked for in the
    /// same millisecond. True when something changed.
    pub fn synchronize_where(
        &mut self,
        is_wanted: &dyn Fn(ProviderId) -> bool,
        now: UnixMillis,
        records: &dyn Records,
    ) -> bool {
        let mut changed = false;
        for source in &mut self.sources {
            if source.providers().iter().any(|id| is_wanted(*id)) {
                changed |= source.read_at(now, records);
            }
        }
        changed
    }

    /// Takes the lease of every source that is due, and returns the calls to make.
    pub fn due(&mut self, now: UnixMillis, records: &dyn Records) -> Vec<Fetch> {
        let sources = self.sources.iter_mut();
        sources
            .filter_map(|source| source.begin(now, records))
            .collect()
    }

    /// Takes in the response to a call.
    pub fn complete(
        &mut self,
        fetch: &Fetch,
        response: Result<FetchResponse, FetchError>,
        now: UnixMillis,
        records: &dyn Records,
    ) -> Progress {
        match self.sources.get_mut(fetch.source.index()) {
            Some(source) => source.proceed(fetch, response, now, records),
            None => Progress::Superseded,
        }
    }

    /// Gives a fetch up, so that another worker need not wait for the end of its lease.
    pub fn abandon(&mut self, fetch: &Fetch, records: &dyn Records) {
        if let Some(source) = self.sources.get_mut(fetch.source.index()) {
            source.abandon(fetch, records);
        }
    }

    /// What is fetched for each source, in the order of their ids.
    pub fn sources(&self) -> impl Iterator<Item = &RemoteKeys> {
        self.sources.iter().map(Source::keys)
    }

    /// Puts a document in the place of a fetched one, as a fetch at `now` would.
    ///
    /// # Errors
    /// When the document has no usable key, or the provider has no remote source.
    pub fn preload(
        &mut self,
        provider: ProviderId,
        document: &[u8],
        now: UnixMillis,
    ) -> Result<(), PreloadError> {
        self.sources
            .iter_mut()
            .find(|source| source.providers().contains(&provider))
            .ok_or(PreloadError::NotFetched)?
            .preload(document, now)
            .map_err(PreloadError::Document)
    }

    fn add(&mut self, provider: ProviderId, keys: &RemoteKeys, limits: KeySetLimits) {
        let same = self.sources.iter_mut().find(|source| source.is_of(keys));
        if let Some(source) = same {
            source.serve(provider);
            return;
        }
        let mut source = Source::new(SourceId::new(self.sources.len()), keys, limits);
        source.serve(provider);
        self.sources.push(source);
    }

    fn source_of(&self, provider: ProviderId) -> Option<(SourceId, &Source)> {
        self.sources
            .iter()
            .enumerate()
            .find(|(_, source)| source.providers().contains(&provider))
            .map(|(index, source)| (SourceId::new(index), source))
    }
}
