//! The keys of all providers.
//!
//! Every worker keeps a copy of each shared record and of the key set in it. The worker reads a
//! record again when the record's version has changed. A write succeeds only if the version has not
//! changed since the worker's last read, so only one of several workers gets the lease (the right
//! to fetch). If the host cannot share records, each worker fetches its own keys.

use core::{fmt, time::Duration};

use crate::{
    jose::{KeySet, KeySetLimits},
    keys::{
        Fetch, FetchCause, FetchError, FetchResponse, KeyReport, KeySetVersion, KeyStatus, News,
        PreloadError, Progress, Records, RemoteKeys, Serving, SourceId, Unshared, WantedKeys,
        source::Source,
    },
    policy::ProviderId,
    time::UnixMillis,
};

/// The keys of one provider at one point in time.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    /// A fetch for these keys is under way or about to begin.
    Pending(WantedKeys),
    /// These keys may serve (verify tokens).
    Serving(&'a KeySet, SourceId),
    /// No keys may serve. The next attempt to fetch keys is due after this duration.
    Unavailable(Duration),
}

/// One worker's copy of the keys of all providers, and the records through which the workers of the
/// process share these keys.
pub struct KeyStore {
    sources: Vec<Source>,
    /// The source of each provider, by the provider's index.
    by_provider: Vec<Option<SourceId>>,
    records: Box<dyn Records>,
}

/// Written by hand, because a derived implementation would require every host's records to
/// implement `Debug`, and would link these `Debug` implementations into the WebAssembly module.
impl fmt::Debug for KeyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyStore").finish_non_exhaustive()
    }
}

impl KeyStore {
    /// A store for the keys of these providers. Providers with the same fetch settings share a
    /// record. No other worker sees the records before [`share`](Self::share) is called.
    #[must_use]
    pub fn new<'a>(
        sources: impl Iterator<Item = (ProviderId, &'a RemoteKeys)>,
        limits: KeySetLimits,
    ) -> Self {
        let mut store = Self {
            sources: Vec::new(),
            by_provider: Vec::new(),
            records: Box::new(Unshared),
        };
        sources.for_each(|(id, keys)| store.add(id, keys, limits));
        store
    }

    /// Returns true if no provider fetches keys.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The keys of a provider. Returns `None` if the provider does not fetch keys.
    #[must_use]
    pub fn keys(&self, provider: ProviderId, now: UnixMillis) -> Option<Keys<'_>> {
        let (id, source) = self.source_of(provider)?;
        Some(match source.serving(now) {
            (Serving::Fresh | Serving::Stale, Some(key_set)) => Keys::Serving(key_set, id),
            // If keys are fresh or stale, there is a key set. So only `Pending` is expected here.
            (Serving::Fresh | Serving::Stale | Serving::Pending, _) => {
                Keys::Pending(source.wanted(FetchCause::Freshness))
            }
            (Serving::Unavailable(wait), _) => Keys::Unavailable(wait),
        })
    }

    /// The version of a source's current key set.
    #[must_use]
    pub fn version(&self, id: SourceId) -> KeySetVersion {
        let source = self.sources.get(id.index());
        source.map_or(KeySetVersion::default(), Source::key_set_version)
    }

    /// The report on a provider's keys. Returns `None` if the provider does not fetch keys.
    #[must_use]
    pub fn report(&self, provider: ProviderId, now: UnixMillis) -> Option<KeyReport<'_>> {
        self.source_of(provider)
            .map(|(_, source)| source.report(now))
    }

    /// The status of every provider's fetched keys.
    pub fn statuses(&self, now: UnixMillis) -> impl Iterator<Item = (ProviderId, KeyStatus)> {
        self.sources.iter().flat_map(move |source| {
            let status = source.status(now);
            source.providers().iter().map(move |id| (*id, status))
        })
    }

    /// The keys for which a request whose token has an unknown kid should wait. `None` if it should
    /// not wait, because no fetch may begin now.
    #[must_use]
    pub fn learnable(&self, id: SourceId, now: UnixMillis) -> Option<WantedKeys> {
        let source = self.sources.get(id.index())?;
        let may_learn = source.may_learn_kid(now);
        may_learn.then(|| source.wanted(FetchCause::UnknownKid))
    }

    /// Returns how long a client whose token has an unknown kid should wait before a retry. Returns
    /// `None` if the token counts as forged. It counts as forged if `unknown_kid_answer` is 401, or
    /// if the request waited for a fetch that did not find the key.
    #[must_use]
    pub fn unknown_kid_wait(
        &self,
        id: SourceId,
        waited_since: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<Duration> {
        self.sources
            .get(id.index())?
            .unknown_kid_wait(waited_since, now)
    }

    /// Shares keys with other workers through `records` from now on.
    /// [`synchronize`](Self::synchronize) reads the keys of other workers.
    pub fn share(&mut self, records: Box<dyn Records>) {
        self.records = records;
    }

    /// Records that a request waits for keys. A fetch for an unknown kid begins only after this
    /// method was called. Fetches that keep the keys fresh begin without it.
    pub fn want(&mut self, wanted: WantedKeys) {
        if wanted.cause == FetchCause::UnknownKid
            && let Some(source) = self.sources.get_mut(wanted.source.index())
        {
            source.want_kid(wanted.generation);
        }
    }

    /// Reads the shared records, and returns what has happened since this worker last read them.
    pub fn synchronize(&mut self) -> News {
        let records = &*self.records;
        let sources = self.sources.iter_mut();
        let news = sources.map(|source| source.synchronize(records));
        news.fold(News::Nothing, News::max)
    }

    /// Reads the shared records of the sources for which `is_wanted` returns true, given the source's
    /// providers. Reads each record at most once per millisecond. Returns what has happened since
    /// this worker last read these records.
    pub(crate) fn synchronize_where(
        &mut self,
        is_wanted: &dyn Fn(SourceId, &[ProviderId]) -> bool,
        now: UnixMillis,
    ) -> News {
        let mut news = News::Nothing;
        for source in &mut self.sources {
            if is_wanted(source.id(), source.providers()) {
                news = news.max(source.read_at(now, &*self.records));
            }
        }
        news
    }

    /// The time when the next fetch is due, or when a running fetch gives way to another. If a fetch
    /// is due, this time is in the past. `None` if no provider fetches keys.
    #[must_use]
    pub fn next_wakeup(&self, now: UnixMillis) -> Option<UnixMillis> {
        let sources = self.sources.iter();
        sources.map(|source| source.next_wakeup(now)).min()
    }

    /// Takes the lease of every source whose fetch is due, and returns the calls to make.
    pub fn due(&mut self, now: UnixMillis) -> Vec<Fetch> {
        let records = &*self.records;
        let sources = self.sources.iter_mut();
        sources
            .filter_map(|source| source.begin(now, records))
            .collect()
    }

    /// Processes the response to a call.
    pub fn complete(
        &mut self,
        fetch: &Fetch,
        response: Result<FetchResponse, FetchError>,
        now: UnixMillis,
    ) -> Progress {
        match self.sources.get_mut(fetch.source.index()) {
            Some(source) => source.proceed(fetch, response, now, &*self.records),
            None => Progress::Superseded,
        }
    }

    /// Gives up a fetch, so that other workers need not wait until its lease ends.
    pub fn abandon(&mut self, fetch: &Fetch) {
        if let Some(source) = self.sources.get_mut(fetch.source.index()) {
            source.abandon(fetch, &*self.records);
        }
    }

    /// The identity of each source, in the order of the source IDs. All workers and configurations
    /// can share the record of sources with the same identity.
    pub fn identities(&self) -> impl Iterator<Item = String> {
        self.sources.iter().map(Source::identity)
    }

    /// Installs a document as if it had been fetched at `now`.
    ///
    /// # Errors
    /// If the document has no usable key, or if the provider does not fetch its keys.
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
        let same = self.sources.iter().position(|source| source.is_of(keys));
        let id = SourceId::new(same.unwrap_or(self.sources.len()));
        if same.is_none() {
            self.sources.push(Source::new(id, keys, limits));
        }
        if let Some(source) = self.sources.get_mut(id.index()) {
            source.serve(provider);
        }
        if self.by_provider.len() <= provider.index() {
            let count = provider.index().saturating_add(1);
            self.by_provider.resize(count, None);
        }
        if let Some(own) = self.by_provider.get_mut(provider.index()) {
            *own = Some(id);
        }
    }

    fn source_of(&self, provider: ProviderId) -> Option<(SourceId, &Source)> {
        let id = (*self.by_provider.get(provider.index())?)?;
        Some((id, self.sources.get(id.index())?))
    }
}
