//! A configuration, shared by all threads.

use core::{
    ops::Bound,
    sync::atomic::{AtomicU64, Ordering},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use portcullis::{
    config::{Config, ConfigError, Fault},
    decision::Exports,
    engine::Engine,
    gate::{DecisionMetrics, KeyMetrics, LogLevel},
    json,
    keys::WantedKeys,
    time::UnixMillis,
    verification::Backend,
};
use serde_json::Value;

use crate::{
    abi::{self, Configuration, ConfigurationScheduler, StreamScheduler},
    clock, defects,
    exchange::write_log,
    metrics::{Definitions, Metrics},
    numbers::Number,
    records::ProcessRecords,
    registry, signatures,
};

/// The only value of `filter_name` that this library accepts.
const NAME: &str = "portcullis";

/// The gauges that a configuration's keeper may set.
pub(super) struct Gauges {
    pub(super) own: KeyMetrics,
    /// The gauges of the configurations that Envoy loaded earlier. Envoy never removes a gauge, so
    /// this keeper resets the gauges of an earlier configuration when that configuration is
    /// removed. Envoy allows definitions only while a configuration is being loaded, so the gauges
    /// are defined in advance.
    pub(super) others: Vec<(Number, KeyMetrics)>,
}

/// A configuration, and the state that all threads share for it.
pub(super) struct Filter {
    pub(super) number: Number,
    pub(super) config: Arc<Config>,
    /// The configuration as JSON text. Object members are in a fixed order, so that equal
    /// configurations have equal texts.
    pub(super) text: Arc<str>,
    pub(super) decisions: DecisionMetrics,
    pub(super) metrics: Metrics,
    pub(super) records: ProcessRecords,
    /// The implementation that verifies signatures.
    pub(super) backend: Backend,
    /// Makes Envoy call the hook of this configuration's keeper on the main thread.
    pub(super) scheduler: ConfigurationScheduler,
    /// Counts how often key records have changed. When the count changes, workers read the records
    /// again.
    epoch: AtomicU64,
    /// The keys that workers have asked for, until the keeper takes them.
    wanted: Mutex<Vec<WantedKeys>>,
    /// The waiting requests, each with the scheduler that wakes it.
    parked: Mutex<BTreeMap<Turn, Arc<StreamScheduler>>>,
}

/// Identifies a waiting request in `parked`: its deadline, and a number that distinguishes requests
/// with the same deadline.
type Turn = (UnixMillis, u64);

/// Owns the entry of a waiting request in `parked`. Dropping the ticket removes the entry.
pub(super) struct Ticket {
    filter: Arc<Filter>,
    turn: Turn,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // The scheduler is dropped after the lock is released, because dropping it calls Envoy.
        let scheduler = self.filter.parked().remove(&self.turn);
        drop(scheduler);
    }
}

impl Filter {
    /// Loads a configuration from the bytes that Envoy provides, and defines its metrics. If the
    /// configuration is invalid, logs the reason and returns `None`.
    pub(super) fn load(
        configuration: &Configuration<'_>,
        name: &[u8],
        bytes: &[u8],
    ) -> Option<(Arc<Self>, Gauges)> {
        match Self::read(configuration, name, bytes) {
            Ok(loaded) => Some(loaded),
            Err(reason) => {
                let line = format!("configuration refused: {reason}");
                write_log(LogLevel::Error, &line);
                None
            }
        }
    }

    fn read(
        configuration: &Configuration<'_>,
        name: &[u8],
        bytes: &[u8],
    ) -> Result<(Arc<Self>, Gauges), String> {
        if name != NAME.as_bytes() {
            return Err(format!("filter_name: write \"{NAME}\""));
        }
        let (document, config) = parse(bytes).map_err(|error| error.to_string())?;
        if let Some(field) = nested_export(&config)
            && !abi::has_metadata_structs()
        {
            return Err(format!(
                "{field}: this Envoy does not support nested dynamic metadata; use Envoy 1.40 or later, or remove this field"
            ));
        }
        let scheduler = configuration
            .scheduler()
            .ok_or("Envoy offers no scheduler")?;
        for warning in config.warnings_at_load(Some(clock::now().seconds())) {
            let line = format!("configuration: {warning}");
            write_log(LogLevel::Warn, &line);
        }
        let definitions = Definitions::new(configuration);
        let decisions = DecisionMetrics::define(&config, &definitions);
        let gauges = Gauges {
            own: KeyMetrics::define(&config, &definitions),
            others: registry::all()
                .iter()
                .map(|other| {
                    (
                        other.number,
                        KeyMetrics::define(&other.config, &definitions),
                    )
                })
                .collect(),
        };
        // `serde_json` sorts the members, so equal configurations have equal texts.
        let text = document.to_string();
        let config = Arc::new(config);
        let mut engine = Engine::new(Arc::clone(&config));
        let backend = signatures::accelerate(&mut engine)?;
        signatures::report(backend);
        let sources = ProcessRecords::identities(&engine);
        defects::trip("read");
        // The following code cannot panic. So everything that it acquires is released when the
        // configuration is released.
        let filter = Self {
            number: Number::next(),
            records: ProcessRecords::acquire(sources),
            config,
            backend,
            text: text.into(),
            decisions,
            metrics: definitions.into_metrics(),
            scheduler,
            epoch: AtomicU64::new(0),
            wanted: Mutex::default(),
            parked: Mutex::default(),
        };
        Ok((Arc::new(filter), gauges))
    }

    /// Releases the key records and metrics that this configuration shares with other
    /// configurations. Called when Envoy has released the configuration.
    pub(super) fn release(&self) {
        self.records.release();
        self.metrics.release();
    }

    /// Returns how often keys have changed so far.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Notifies the workers that keys have changed.
    pub(super) fn publish(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
    }

    /// Asks the keeper to fetch missing keys that a request needs.
    pub(super) fn want(&self, wanted: WantedKeys) {
        let mut all = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if all.contains(&wanted) {
            // The keeper has already been asked. If it were woken for each request, clients with
            // invented `kid` values could keep the main thread busy.
            return;
        }
        all.push(wanted);
        drop(all);
        self.scheduler.commit();
    }

    /// Removes and returns the keys that workers have asked for since the last call.
    pub(super) fn take_wanted(&self) -> Vec<WantedKeys> {
        let mut all = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut all)
    }

    /// Adds a waiting request to `parked`. The request is woken when keys arrive, or at the latest
    /// when its deadline has passed.
    pub(super) fn park(
        self: &Arc<Self>,
        scheduler: Arc<StreamScheduler>,
        deadline: UnixMillis,
    ) -> Ticket {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let turn = (deadline, NEXT.fetch_add(1, Ordering::Relaxed));
        self.parked().insert(turn, scheduler);
        Ticket {
            filter: Arc::clone(self),
            turn,
        }
    }

    fn parked(&self) -> MutexGuard<'_, BTreeMap<Turn, Arc<StreamScheduler>>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The earliest deadline of all waiting requests.
    pub(super) fn next_deadline(&self) -> Option<UnixMillis> {
        let parked = self.parked();
        parked.keys().next().map(|(deadline, _)| *deadline)
    }

    /// Wakes every waiting request.
    pub(super) fn wake_all(&self) {
        let chosen: Vec<_> = self.parked().values().cloned().collect();
        wake(&chosen);
    }

    /// Wakes the requests whose deadline has passed. Also wakes requests whose deadline is too far
    /// in the future: such a deadline was computed before the system clock was set back.
    pub(super) fn wake_due(&self, now: UnixMillis) {
        let longest = now.plus(self.config.limits.park_timeout);
        let too_late = (Bound::Excluded((longest, u64::MAX)), Bound::Unbounded);
        let parked = self.parked();
        let chosen = parked.range(..=(now, u64::MAX));
        let chosen = chosen.chain(parked.range(too_late));
        let chosen: Vec<_> = chosen.map(|(_, scheduler)| Arc::clone(scheduler)).collect();
        drop(parked);
        wake(&chosen);
    }
}

/// Wakes requests. The caller must not hold the lock of `parked`, because this function calls
/// Envoy.
fn wake(chosen: &[Arc<StreamScheduler>]) {
    chosen.iter().for_each(|scheduler| scheduler.commit());
}

/// Parses a configuration. Also returns its JSON.
fn parse(bytes: &[u8]) -> Result<(Value, Config), ConfigError> {
    let document = json::parse(bytes).map_err(Fault::Json)?;
    let config = Config::from_value(&document)?;
    Ok((document, config))
}

/// The name of the first field that exports nested values to other filters; `None` if no such field
/// is set.
fn nested_export(config: &Config) -> Option<&'static str> {
    let fields = |exports: &Exports| {
        let named = [
            (&exports.payload, "payload_in_metadata"),
            (&exports.header, "header_in_metadata"),
            (&exports.failed_status, "failed_status_in_metadata"),
        ];
        named
            .into_iter()
            .find_map(|(key, field)| key.is_some().then_some(field))
    };
    config
        .providers()
        .find_map(|(_, provider)| fields(&provider.exports))
}
