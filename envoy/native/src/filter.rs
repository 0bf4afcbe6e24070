//! A configuration, shared by all threads.

use core::{
    ops::Bound,
    sync::atomic::{AtomicU64, Ordering},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use portcullis::{
    config::Config,
    gate::{ConfigDigest, DecisionMetrics, News},
    keys::WantedKeys,
    time::{CLOCK_CORRECTION, UnixMillis},
    verification::Backend,
};

use crate::{
    abi::{ConfigurationScheduler, StreamScheduler},
    locks,
    metrics::Metrics,
    numbers::Number,
    records::ProcessRecords,
};

/// A configuration, and the state that all threads share for it.
pub(super) struct Filter {
    pub(super) number: Number,
    pub(super) config: Arc<Config>,
    pub(super) digest: ConfigDigest,
    pub(super) decisions: DecisionMetrics,
    pub(super) metrics: Metrics,
    pub(super) records: ProcessRecords,
    /// The implementation that verifies signatures.
    pub(super) backend: Backend,
    /// Makes Envoy call the hook of this configuration's keeper on the main thread.
    pub(super) scheduler: Arc<ConfigurationScheduler>,
    pub(super) signals: Signals,
}

/// What the workers and the keeper of a configuration tell each other.
#[derive(Default)]
pub(super) struct Signals {
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
    /// Releases the key records and metrics that this configuration shares with other
    /// configurations. Called when Envoy has released the configuration.
    pub(super) fn release(&self) {
        self.records.release();
        self.metrics.release();
    }

    /// Returns how often key records have changed so far.
    pub(super) fn epoch(&self) -> u64 {
        self.signals.epoch.load(Ordering::Acquire)
    }

    /// Makes the workers read the key records again, unless there is no news. Wakes every waiting
    /// request if a fetch has ended.
    pub(super) fn pass_on(&self, news: News) {
        if news == News::Nothing {
            return;
        }
        self.signals.epoch.fetch_add(1, Ordering::Release);
        if news == News::Ended {
            let chosen: Vec<_> = self.parked().values().cloned().collect();
            wake(&chosen);
        }
    }

    /// Asks the keeper to fetch missing keys that a request needs.
    pub(super) fn want(&self, wanted: WantedKeys) {
        let mut all = self.wanted();
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
        core::mem::take(&mut self.wanted())
    }

    fn wanted(&self) -> MutexGuard<'_, Vec<WantedKeys>> {
        locks::lock(&self.signals.wanted)
    }

    /// Adds a waiting request to `parked`. The request is woken when a fetch ends, or at the latest
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
        locks::lock(&self.signals.parked)
    }

    /// The earliest deadline of all waiting requests.
    pub(super) fn next_deadline(&self) -> Option<UnixMillis> {
        let parked = self.parked();
        parked.keys().next().map(|(deadline, _)| *deadline)
    }

    /// Wakes the requests whose deadline has passed. Also wakes requests whose deadline is too far
    /// in the future: such a deadline was computed before the system clock was set back.
    pub(super) fn wake_due(&self, now: UnixMillis) {
        let longest = self.config.limits.park_timeout;
        let longest = now.plus(longest.saturating_add(CLOCK_CORRECTION));
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
