//! Counters and gauges. Envoy identifies them by numbers.
//!
//! The status page shows the values of metrics, but modules cannot read metrics from Envoy. So this
//! module also keeps each value itself.
//!
//! Before Envoy 1.39, a module can write metrics only while it handles a request. So metrics that
//! the keeper changes on the main thread are written while the next request is handled.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::{cell::RefCell, sync::Arc};

use portcullis::gate::{MetricId, MetricRegistry};

use crate::{
    abi::{Configuration, Stream},
    shared::Shared,
};

/// Writes metrics on one thread.
pub(super) trait MetricWriter {
    /// Adds to the counter with this number. Returns false if this thread cannot write metrics.
    fn increment(&self, counter: usize, by: u64) -> bool;

    /// Sets the gauge with this number. Returns false if this thread cannot write metrics.
    fn set_gauge(&self, gauge: usize, value: u64) -> bool;
}

/// The metrics of one configuration, indexed by [`MetricId`].
pub(super) struct Metrics {
    all: Vec<Metric>,
    /// True if the next request has to write metrics on behalf of the keeper.
    has_pending: AtomicBool,
}

struct Metric {
    kind: Kind,
    /// The number by which Envoy identifies the metric.
    number: usize,
    /// The value. All configurations that have a metric with this name share it.
    value: Arc<AtomicU64>,
    /// What the next request has to write. For a counter, this is the amount to add. For a gauge,
    /// it is 1 if the gauge's value has to be written, otherwise 0.
    pending: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

/// The values of all metrics of the process, by name.
static VALUES: Shared<String, AtomicU64> = Shared::new();

/// Defines the metrics of a configuration while the configuration is being loaded.
pub(super) struct Definitions<'hook> {
    configuration: &'hook Configuration<'hook>,
    all: Defined,
}

/// The metrics of a configuration that is still being loaded. If loading fails, this list is
/// dropped, which releases the metrics that were defined so far.
#[derive(Default)]
struct Defined(RefCell<Vec<Metric>>);

impl Drop for Defined {
    fn drop(&mut self) {
        release(self.0.get_mut());
    }
}

impl Defined {
    fn add(&self, kind: Kind, number: usize, name: &str) -> Option<MetricId> {
        let mut all = self.0.borrow_mut();
        let id = u32::try_from(all.len()).ok()?;
        all.push(Metric {
            kind,
            number,
            value: VALUES.acquire(name.to_owned()),
            pending: AtomicU64::new(0),
        });
        Some(MetricId(id))
    }
}

/// Releases the values of metrics. Each value that no other configuration uses is dropped.
fn release(metrics: &[Metric]) {
    metrics
        .iter()
        .for_each(|metric| VALUES.release(&metric.value));
}

impl<'hook> Definitions<'hook> {
    pub(super) fn new(configuration: &'hook Configuration<'hook>) -> Self {
        Self {
            configuration,
            all: Defined::default(),
        }
    }

    /// The metrics that were defined. When the configuration is removed, the caller must
    /// [`release`] these metrics.
    pub(super) fn into_metrics(self) -> Metrics {
        Metrics {
            all: self.all.0.take(),
            has_pending: AtomicBool::new(false),
        }
    }
}

impl MetricRegistry for Definitions<'_> {
    fn counter(&self, name: &str) -> Option<MetricId> {
        let number = self.configuration.define_counter(name)?;
        self.all.add(Kind::Counter, number, name)
    }

    fn gauge(&self, name: &str) -> Option<MetricId> {
        let number = self.configuration.define_gauge(name)?;
        self.all.add(Kind::Gauge, number, name)
    }
}

impl Metrics {
    /// Releases the values of these metrics.
    pub(super) fn release(&self) {
        release(&self.all);
    }

    fn metric(&self, id: MetricId) -> Option<&Metric> {
        self.all.get(usize::try_from(id.0).ok()?)
    }

    /// The value of a metric.
    pub(super) fn read(&self, id: MetricId) -> Option<u64> {
        Some(self.metric(id)?.value.load(Ordering::Relaxed))
    }

    /// Adds to a counter.
    pub(super) fn increment(&self, id: MetricId, by: u64, writer: &impl MetricWriter) {
        let Some(metric) = self.metric(id) else {
            return;
        };
        metric.value.fetch_add(by, Ordering::Relaxed);
        if !writer.increment(metric.number, by) {
            metric.pending.fetch_add(by, Ordering::Relaxed);
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

    /// Writes the metrics that the main thread could not write.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// If loading a configuration panics, the values of its metrics must not be kept forever.
    #[test]
    fn metrics_of_a_configuration_that_fails_to_load_keep_no_values() {
        let name = "metrics_of_a_configuration_that_fails_to_load_keep_no_values";
        let value = || {
            let value = VALUES.acquire(name.to_owned());
            VALUES.release(&value);
            value
        };
        let defined = Defined::default();
        let _ = defined.add(Kind::Counter, 1, name);
        let kept = value();
        assert!(Arc::ptr_eq(&kept, &value()));
        drop(defined);
        assert!(!Arc::ptr_eq(&kept, &value()));
    }
}
