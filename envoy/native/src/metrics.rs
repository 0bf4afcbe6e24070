//! Counters and gauges, as Envoy numbers them.
//!
//! Envoy shows metrics but does not give their values back, so each is also kept here, for the status page.
//! Before 1.39 only a request's thread can write metrics: what the keeper counts is written by the next request.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::{cell::RefCell, sync::Arc};

use portcullis::gate::{MetricId, MetricRegistry};

use crate::{
    abi::{Configuration, Stream},
    shared::Shared,
};

/// Writes metrics on one thread.
pub(super) trait MetricWriter {
    /// Adds to a counter, by Envoy's number. Returns false if this thread cannot.
    fn increment(&self, counter: usize, by: u64) -> bool;

    /// Sets a gauge, by Envoy's number. Returns false if this thread cannot.
    fn set_gauge(&self, gauge: usize, value: u64) -> bool;
}

/// The metrics of one configuration, by [`MetricId`].
pub(super) struct Metrics {
    all: Vec<Metric>,
    /// Whether a request has something to write for the keeper.
    has_pending: AtomicBool,
}

struct Metric {
    kind: Kind,
    /// Envoy's number.
    number: usize,
    /// Its value over all configurations that have a metric of this name.
    value: Arc<AtomicU64>,
    /// What the next request adds, or whether it writes the gauge.
    pending: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

/// Values by the metric's name.
static VALUES: Shared<String, AtomicU64> = Shared::new();

/// Defines the metrics of a configuration while it is loaded.
pub(super) struct Definitions<'hook> {
    configuration: &'hook Configuration<'hook>,
    all: RefCell<Vec<Metric>>,
}

impl<'hook> Definitions<'hook> {
    pub(super) const fn new(configuration: &'hook Configuration<'hook>) -> Self {
        Self {
            configuration,
            all: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn into_metrics(self) -> Metrics {
        Metrics {
            all: self.all.into_inner(),
            has_pending: AtomicBool::new(false),
        }
    }

    fn add(&self, kind: Kind, number: Option<usize>, name: &str) -> Option<MetricId> {
        let mut all = self.all.borrow_mut();
        let (id, number) = (u32::try_from(all.len()).ok()?, number?);
        all.push(Metric {
            kind,
            number,
            value: VALUES.acquire(name.to_owned()),
            pending: AtomicU64::new(0),
        });
        Some(MetricId(id))
    }
}

impl MetricRegistry for Definitions<'_> {
    fn counter(&self, name: &str) -> Option<MetricId> {
        self.add(Kind::Counter, self.configuration.define_counter(name), name)
    }

    fn gauge(&self, name: &str) -> Option<MetricId> {
        self.add(Kind::Gauge, self.configuration.define_gauge(name), name)
    }
}

impl Metrics {
    /// Gives up the values that no other configuration has.
    pub(super) fn release(&self) {
        self.all
            .iter()
            .for_each(|metric| VALUES.release(&metric.value));
    }

    fn metric(&self, id: MetricId) -> Option<&Metric> {
        self.all.get(usize::try_from(id.0).ok()?)
    }

    /// The value of a metric.
    pub(super) fn read(&self, id: MetricId) -> Option<u64> {
        Some(self.metric(id)?.value.load(Ordering::Relaxed))
    }

    /// Adds one to a counter.
    pub(super) fn increment(&self, id: MetricId, writer: &impl MetricWriter) {
        let Some(metric) = self.metric(id) else {
            return;
        };
        metric.value.fetch_add(1, Ordering::Relaxed);
        if !writer.increment(metric.number, 1) {
            metric.pending.fetch_add(1, Ordering::Relaxed);
            self.has_pending.store(true, Ordering::Release);
        }
    }

    /// Sets a gauge.
    pub(super) fn record(&self, id: MetricId, value: u64, writer: &impl MetricWriter) {
        let Some(metric) = self.metric(id) else {
            return;
        };
        metric.value.store(value, Ordering::Relaxed);
        if !writer.set_gauge(metric.number, value) {
            metric.pending.store(1, Ordering::Relaxed);
            self.has_pending.store(true, Ordering::Release);
        }
    }

    /// Writes what the main thread could not.
    pub(super) fn flush(&self, stream: &Stream<'_>) {
        if !self.has_pending.load(Ordering::Relaxed)
            || !self.has_pending.swap(false, Ordering::Acquire)
        {
            return;
        }
        for metric in &self.all {
            match (metric.pending.swap(0, Ordering::Relaxed), metric.kind) {
                (0, _) => {}
                (by, Kind::Counter) => stream.increment(metric.number, by),
                (_, Kind::Gauge) => {
                    stream.set_gauge(metric.number, metric.value.load(Ordering::Relaxed));
                }
            }
        }
    }
}
