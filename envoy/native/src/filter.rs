//! One configuration, as all threads share it.

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
    registry,
};

/// The one name that a filter of this library has.
const NAME: &str = "portcullis";

/// The gauges that a configuration's keeper may set.
pub(super) struct Gauges {
    pub(super) own: KeyMetrics,
    /// Those of configurations that Envoy loaded earlier. When one of these ends, the last one loaded resets the
    /// gauges that it leaves. Envoy lets a configuration define gauges only while it is loaded, and never removes
    /// one.
    pub(super) others: Vec<(Number, KeyMetrics)>,
}

/// What a worker asks the keeper for: keys of a source, and why.
pub(super) type Wish = (SourceId, FetchCause);

/// One configuration.
pub(super) struct Filter {
    pub(super) number: Number,
    pub(super) config: Arc<Config>,
    /// The configuration's text, the same whatever order Envoy wrote its members in.
    pub(super) text: Arc<str>,
    pub(super) decisions: DecisionMetrics,
    pub(super) metrics: Metrics,
    pub(super) records: ProcessRecords,
    /// Calls the main thread.
    pub(super) scheduler: ConfigurationScheduler,
    /// The keeper's epoch: when it changes, workers read the keys again.
    epoch: AtomicU64,
    wishes: Mutex<Vec<Wish>>,
    has_warned_of_wasm_form: AtomicBool,
    parked: Mutex<Vec<ParkedStream>>,
}

/// A request that waits on its worker.
struct ParkedStream {
    number: u64,
    scheduler: Arc<StreamScheduler>,
    deadline: UnixMillis,
}

/// The place of a waiting request in its configuration's list. Dropped, it leaves the list.
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
    /// The configuration in what Envoy hands over, with its metrics defined. Logs why it is refused.
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
        // Parsed once already, so it is JSON.
        let text = serde_json::from_slice::<Value>(bytes)
            .map(|value| value.to_string())
            .unwrap_or_default();
        let config = Arc::new(config);
        let filter = Self {
            number: Number::next(),
            records: ProcessRecords::acquire(&Engine::new(Arc::clone(&config))),
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

    /// Gives up what it shares with other configurations, as Envoy has given it up.
    pub(super) fn release(&self) {
        self.records.release();
        self.metrics.release();
    }

    /// The keeper's epoch.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Tells the workers that keys have changed.
    pub(super) fn publish(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Whether this is the first call: a line for each request would let clients fill the log.
    pub(super) fn warns_of_wasm_form(&self) -> bool {
        !self.has_warned_of_wasm_form.swap(true, Ordering::Relaxed)
    }

    /// Asks the keeper for keys that a request lacks.
    pub(super) fn wish(&self, wish: Wish) {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        if !wishes.contains(&wish) {
            wishes.push(wish);
        }
        drop(wishes);
        self.scheduler.commit();
    }

    /// What workers have asked for since the last call.
    pub(super) fn take_wishes(&self) -> Vec<Wish> {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut wishes)
    }

    /// Adds a request that waits. It is woken when keys come and at its deadline.
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

    /// The next deadline.
    pub(super) fn next_deadline(&self) -> Option<UnixMillis> {
        let parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.iter().map(|stream| stream.deadline).min()
    }

    /// Wakes every request that waits.
    pub(super) fn wake_all(&self) {
        self.wake(|_| true);
    }

    /// Wakes the requests whose deadline has passed. A deadline far away was set before the clock went back.
    pub(super) fn wake_due(&self, now: UnixMillis) {
        let longest = now.plus(self.config.limits.park_timeout);
        self.wake(|deadline| deadline <= now || deadline > longest);
    }

    fn wake(&self, is_chosen: impl Fn(UnixMillis) -> bool) {
        let parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        let chosen = parked.iter().filter(|stream| is_chosen(stream.deadline));
        let chosen: Vec<_> = chosen.map(|stream| Arc::clone(&stream.scheduler)).collect();
        // Envoy is not called with the lock held.
        drop(parked);
        chosen.iter().for_each(|scheduler| scheduler.commit());
    }
}

/// The first field that writes nested values for other filters.
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
