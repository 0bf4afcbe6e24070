//! Fetches keys, and fetches them again before they become stale.

use core::cell::Cell;
use std::sync::Arc;

use crate::{
    config::{Config, Provider},
    gate::{CallError, Caller, KeyMetrics, Log, LogLevel, Meter},
    keys::{
        Fetch, FetchError, FetchOutcome, FetchResponse, KeyReport, KeyStatus, KeyStore, News,
        Progress, Received,
    },
    time::UnixMillis,
};

/// Starts the fetches that are due, processes their responses, and reports successes and failures
/// in the metrics and the log.
///
/// Fetched keys are stored in records that all workers can read. On a host with threads, each
/// configuration has one keeper. The keeper has its own [`KeyStore`], and writes the records. If the
/// keeper returns anything but [`News::Nothing`], the shell makes the gates read the records again
/// (see [`Gate::follow`](super::Gate::follow)).
///
/// In WebAssembly, each worker has its own keeper, which shares the key store of the worker's gate.
/// A lease in the key record decides which of these keepers fetches the keys.
///
/// The key store is an argument of the keeper's methods. It must be a store of the keeper's
/// configuration (see [`Config::key_store`]).
#[derive(Debug)]
pub struct Keeper {
    config: Arc<Config>,
    metrics: KeyMetrics,
    /// True if the next run must set every gauge, even if nothing has changed.
    sets_all_gauges: Cell<bool>,
}

impl Keeper {
    /// Creates a keeper for the keys of a configuration. Sets the gauges of providers whose keys need
    /// no fetch.
    #[must_use]
    pub fn new(config: Arc<Config>, metrics: KeyMetrics, meter: &impl Meter) -> Self {
        let keeper = Self {
            config,
            metrics,
            sets_all_gauges: Cell::new(false),
        };
        keeper.set_configured_gauges(meter);
        keeper
    }

    /// Makes the next run of the keeper set every gauge. The shell calls this method when another
    /// configuration is gone: configurations whose providers have the same name share the gauges, so
    /// the other configuration may have overwritten them while it was being drained.
    pub fn set_gauges_again(&self) {
        self.sets_all_gauges.set(true);
    }

    /// Sets the gauges of providers whose keys need no fetch.
    fn set_configured_gauges(&self, meter: &impl Meter) {
        for (id, provider) in self.config.providers() {
            if let Some(status) = configured(provider) {
                self.metrics.set_key_gauges(id, status, meter);
            }
        }
    }

    /// Starts the fetches that are due, and updates the gauges. A fetch can end at once, because the
    /// host refuses its call.
    pub fn due(
        &self,
        keys: &mut KeyStore,
        now: UnixMillis,
        host: &(impl Log + Meter),
        caller: &mut impl Caller,
    ) -> News {
        self.round(keys, now, host, caller).due()
    }

    /// Processes the response to a call, and updates the gauges. If the fetch needs another call,
    /// makes that call.
    pub fn on_fetched(
        &self,
        keys: &mut KeyStore,
        fetch: &Fetch,
        received: &Received<'_>,
        now: UnixMillis,
        host: &(impl Log + Meter),
        caller: &mut impl Caller,
    ) -> News {
        let response = received.answer(self.config.limits.key_sets.bytes);
        let mut round = self.round(keys, now, host, caller);
        let news = round.complete(fetch, response);
        // The keeper may not run again for a second.
        round.set_fetched_gauges();
        news
    }

    /// The names of the gauge groups that this keeper writes. A group belongs to one provider.
    pub fn gauges(&self) -> impl Iterator<Item = &str> {
        self.metrics.gauges()
    }

    /// Resets the gauge groups named in `unused`, so that stale values trigger no alert.
    pub fn clear(&self, unused: &[&str], meter: &impl Meter) {
        self.metrics.clear(unused, meter);
    }

    const fn round<'k, H, C>(
        &'k self,
        keys: &'k mut KeyStore,
        now: UnixMillis,
        host: &'k H,
        caller: &'k mut C,
    ) -> Round<'k, H, C> {
        Round {
            keeper: self,
            keys,
            now,
            host,
            caller,
        }
    }

    fn report(&self, outcome: &FetchOutcome, host: &(impl Log + Meter)) {
        self.metrics.fetched(outcome, host);
        if !outcome.is_news() {
            return;
        }
        match (&outcome.keys, outcome.failures) {
            (Err(FetchError::NoCluster), _) => {
                self.log(
                    LogLevel::Error,
                    &no_cluster(&outcome.cluster),
                    outcome,
                    host,
                );
            }
            (Err(error), _) => self.log(LogLevel::Warn, &failure(*error, outcome), outcome, host),
            (Ok(_), 0) => {}
            (Ok(_), failures) => self.log(LogLevel::Info, &recovery(failures), outcome, host),
        }
        if let Some(nameless) = outcome.nameless {
            self.log(LogLevel::Warn, &nameless.to_string(), outcome, host);
        }
    }

    /// Logs a message about a fetch, once for each provider that uses the keys.
    fn log(&self, level: LogLevel, message: &str, outcome: &FetchOutcome, host: &impl Log) {
        let ids = outcome.providers.iter();
        for provider in ids.filter_map(|id| self.config.provider(*id)) {
            let (name, uri) = (&provider.name, &outcome.uri);
            host.log(level, &format!("keys of {name:?}, {uri}: {message}"));
        }
    }
}

/// What a keeper works with while it starts fetches or processes a response.
struct Round<'k, H, C> {
    keeper: &'k Keeper,
    keys: &'k mut KeyStore,
    now: UnixMillis,
    host: &'k H,
    caller: &'k mut C,
}

impl<H: Log + Meter, C: Caller> Round<'_, H, C> {
    /// Starts the fetches that are due, and updates the gauges.
    fn due(&mut self) -> News {
        let mut news = News::Nothing;
        for fetch in self.keys.due(self.now) {
            let dispatched = self.dispatch(&fetch);
            news = news.max(News::Leased).max(dispatched);
        }
        if self.keeper.sets_all_gauges.take() {
            self.keeper.metrics.forget_status();
            self.keeper.set_configured_gauges(self.host);
        }
        self.set_fetched_gauges();
        news
    }

    /// Sets the gauges of providers that fetch keys, if their status has changed.
    fn set_fetched_gauges(&self) {
        for (provider, status) in self.keys.statuses(self.now) {
            let metrics = &self.keeper.metrics;
            metrics.set_key_gauges(provider, status, self.host);
        }
    }

    /// Makes one of the calls that a fetch consists of. If the host refuses the call, the fetch ends.
    fn dispatch(&mut self, fetch: &Fetch) -> News {
        let Err(error) = self.caller.call(fetch) else {
            return News::Nothing;
        };
        let error = match error {
            CallError::NoCluster => FetchError::NoCluster,
            CallError::Refused => FetchError::Cluster,
        };
        self.complete(fetch, Err(error))
    }

    /// Passes a response to the key store. If the fetch needs another call, makes that call.
    fn complete(&mut self, fetch: &Fetch, response: Result<FetchResponse, FetchError>) -> News {
        match self.keys.complete(fetch, response, self.now) {
            Progress::Next(next) => return self.dispatch(&next),
            Progress::Ended(outcome) => self.keeper.report(&outcome, self.host),
            Progress::Superseded => {}
        }
        News::Ended
    }
}

/// Reports that the keys were fetched again, after this many failures.
fn recovery(failures: u32) -> String {
    let plural = if failures == 1 { "" } else { "s" };
    format!("the keys were fetched after {failures} failed attempt{plural}")
}

fn no_cluster(cluster: &str) -> String {
    format!(
        "the proxy has no cluster named {cluster:?}; add the cluster, or correct its name in \
         remote_jwks or discovery"
    )
}

/// Describes a failed fetch: the error, metrics that may show its cause, and the number of failures
/// in a row.
fn failure(error: FetchError, outcome: &FetchOutcome) -> String {
    let mut message = error.with_metrics(&outcome.cluster);
    if outcome.failures > 0 {
        let count = outcome.failures.saturating_add(1);
        message.push_str(&format!(" ({count} failures in a row)"));
    }
    message
}

/// The status of a provider that fetches no keys: its keys are in the configuration, or it needs no
/// keys. `None` for a provider that fetches keys, because its status is unknown before the keeper
/// first runs.
fn configured(provider: &Provider) -> Option<KeyStatus> {
    let fetches = provider.is_enabled() && provider.remote_keys().is_some();
    (!fetches).then(|| KeyReport::of_configured(provider.configured_keys()).status)
}
