//! One configuration, shared by all threads.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis::{
    config::Config,
    decision::Exports,
    engine::Engine,
    gate::{DecisionMetrics, KeyMetrics, LogLevel},
    keys::{FetchCause, SourceId},
    time::UnixMillis,
};
use serde_json::Value;

use crate::{
    abi::{self, Configuration, ConfigurationScheduler, StreamScheduler},
    clock,
    exchange::write_log,
    metrics::{Definitions, Metrics},
    numbers::Number,
    records::ProcessRecords,
    registry, signatures,
};

/// The only `filter_name` that this library accepts.
const NAME: &str = "portcullis";

/// The gauges that a configuration's keeper may set.
pub(super) struct Gauges {
    pub(super) own: KeyMetrics,
    /// The gauges of configurations that Envoy loaded earlier. When one of them ends, the
    /// configuration loaded last resets its gauges. They are defined in advance because Envoy
    /// allows definitions only while a configuration is loaded, and never removes a gauge.
    pub(super) others: Vec<(Number, KeyMetrics)>,
}

/// A worker's request to the keeper: fetch the keys of a source, for this reason.
pub(super) type Wish = (SourceId, FetchCause);

/// One configuration, and the state that all threads share for it.
pub(super) struct Filter {
    pub(super) number: Number,
    pub(super) config: Arc<Config>,
    /// The configuration as JSON, with its members in a fixed order, so that equal configurations
    /// have equal texts.
    pub(super) text: Arc<str>,
    pub(super) decisions: DecisionMetrics,
    pub(super) metrics: Metrics,
    pub(super) records: ProcessRecords,
    /// Makes Envoy call the keeper's hook on the main thread.
    pub(super) scheduler: ConfigurationScheduler,
    /// The keeper's epoch. When it changes, workers read the keys again.
    epoch: AtomicU64,
    wishes: Mutex<Vec<Wish>>,
    has_warned_of_wasm_form: AtomicBool,
    parked: Mutex<Vec<ParkedStream>>,
}

/// A request that waits on its worker thread.
struct ParkedStream {
    number: u64,
    scheduler: Arc<StreamScheduler>,
    deadline: UnixMillis,
}

/// The entry of a waiting request in its configuration's list. Dropping the ticket removes the
/// entry.
pub(super) struct Ticket {
    filter: Arc<Filter>,
    number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let parked = self.filter.parked.lock();
        let mut parked = parked.unwrap_or_else(PoisonError::into_inner);
        parked.retain(|stream| stream.number != self.number);
    }
}

impl Filter {
    /// Loads a configuration from the bytes that Envoy provides, and defines its metrics. If the
    /// configuration is refused, logs the reason.
    pub(super) fn load(
        configuration: &Configuration<'_>,
        name: &[u8],
        bytes: &[u8],
    ) -> Option<(Arc<Self>, Gauges)> {
        match Self::read(configuration, name, bytes) {
            Ok(loaded) => Some(loaded),
            Err(reason) => {
                let line = format!("portcullis: configuration refused: {reason}");
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
            return Err(format!("filter_name: set it to \"{NAME}\""));
        }
        let config = Config::parse(bytes).map_err(|error| error.to_string())?;
        if let Some(field) = nested_export(&config)
            && !abi::has_metadata_structs()
        {
            return Err(format!(
                "{field}: this Envoy takes no nested dynamic metadata; use Envoy 1.40 or later, or remove it"
            ));
        }
        let scheduler = configuration
            .scheduler()
            .ok_or("Envoy offers no scheduler")?;
        for warning in config
            .warnings
            .iter()
            .chain(&config.expiry_warnings(clock::now().seconds()))
        {
            let line = format!("portcullis: configuration: {warning}");
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
        // This cannot fail, because the bytes have already been parsed as JSON.
        let text = serde_json::from_slice::<Value>(bytes)
            .map(|value| value.to_string())
            .unwrap_or_default();
        let config = Arc::new(config);
        let mut engine = Engine::new(Arc::clone(&config));
        signatures::report(signatures::accelerate(&mut engine)?);
        let filter = Self {
            number: Number::next(),
            records: ProcessRecords::acquire(&engine),
            config,
            text: text.into(),
            decisions,
            metrics: definitions.into_metrics(),
            scheduler,
            epoch: AtomicU64::new(0),
            wishes: Mutex::default(),
            has_warned_of_wasm_form: AtomicBool::new(false),
            parked: Mutex::default(),
        };
        Ok((Arc::new(filter), gauges))
    }

    /// Releases what it shares with other configurations, after Envoy has released the
    /// configuration.
    pub(super) fn release(&self) {
        self.records.release();
        self.metrics.release();
    }

    /// The keeper's epoch.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Notifies the workers that keys have changed.
    pub(super) fn publish(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Returns true only for the first call, because a log line for each request would let clients
    /// fill the log.
    pub(super) fn warns_of_wasm_form(&self) -> bool {
        !self.has_warned_of_wasm_form.swap(true, Ordering::Relaxed)
    }

    /// Asks the keeper for keys that a request lacks.
    pub(super) fn wish(&self, wish: Wish) {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        if wishes.contains(&wish) {
            // The keeper is already asked. A call for each request would let clients with invented
            // kids keep the main thread busy.
            return;
        }
        wishes.push(wish);
        drop(wishes);
        self.scheduler.commit();
    }

    /// Removes and returns the wishes of workers since the last call.
    pub(super) fn take_wishes(&self) -> Vec<Wish> {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut wishes)
    }

    /// Adds a waiting request. It is woken when keys arrive and at its deadline.
    pub(super) fn park(
        self: &Arc<Self>,
        scheduler: Arc<StreamScheduler>,
        deadline: UnixMillis,
    ) -> Ticket {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.push(ParkedStream {
            number,
            scheduler,
            deadline,
        });
        Ticket {
            filter: Arc::clone(self),
            number,
        }
    }

    /// The earliest deadline of a waiting request.
    pub(super) fn next_deadline(&self) -> Option<UnixMillis> {
        let parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.iter().map(|stream| stream.deadline).min()
    }

    /// Wakes every waiting request.
    pub(super) fn wake_all(&self) {
        self.wake(|_| true);
    }

    /// Wakes the requests whose deadline has passed, or is so far away that it must have been set
    /// before the clock went back.
    pub(super) fn wake_due(&self, now: UnixMillis) {
        let longest = now.plus(self.config.limits.park_timeout);
        self.wake(|deadline| deadline <= now || deadline > longest);
    }

    fn wake(&self, is_chosen: impl Fn(UnixMillis) -> bool) {
        let parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        let chosen = parked.iter().filter(|stream| is_chosen(stream.deadline));
        let chosen: Vec<_> = chosen.map(|stream| Arc::clone(&stream.scheduler)).collect();
        // Envoy must not be called while the lock is held.
        drop(parked);
        chosen.iter().for_each(|scheduler| scheduler.commit());
    }
}

/// The name of the first field that exports nested values to other filters.
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
