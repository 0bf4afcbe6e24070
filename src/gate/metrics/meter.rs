//! The host's counters and gauges.

use crate::config::Config;

/// The host's ID of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricId(pub u32);

/// Defines metrics.
pub trait MetricRegistry {
    /// Defines a counter, or finds an existing counter of that name. `None` if the host refuses.
    fn counter(&self, name: &str) -> Option<MetricId>;

    /// Defines a gauge, or finds an existing gauge of that name. `None` if the host refuses.
    fn gauge(&self, name: &str) -> Option<MetricId>;
}

/// Writes metrics, and reads their values. A value covers all workers.
pub trait Meter {
    /// Adds to a counter.
    fn increment(&self, counter: MetricId, by: u64);

    /// Sets a gauge.
    fn record(&self, gauge: MetricId, value: u64);

    /// The value of a metric over all workers; `None` if the host does not return the value.
    fn read(&self, metric: MetricId) -> Option<u64>;

    /// Returns whether each decision is counted immediately. If not, counts are collected, and the
    /// host's code must regularly call [`Gate::write_counts`](crate::gate::Gate::write_counts).
    fn counts_at_once(&self) -> bool {
        true
    }
}

/// Counts that are not written yet, by counter.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Vec<(MetricId, u64)>);

impl Tally {
    /// Adds to a counter, either now or in the next [`write`](Self::write). Does nothing if the
    /// host refused to define the counter.
    pub(super) fn count(&mut self, counter: Option<MetricId>, by: u64, meter: &impl Meter) {
        let Some(counter) = counter.filter(|_| by > 0) else {
            return;
        };
        if meter.counts_at_once() {
            meter.increment(counter, by);
            return;
        }
        match self.0.iter_mut().find(|(own, _)| *own == counter) {
            Some((_, count)) => *count = count.saturating_add(by),
            None => self.0.push((counter, by)),
        }
    }

    /// Writes all collected counts, and empties the tally.
    pub(super) fn write(&mut self, meter: &impl Meter) {
        for (counter, by) in self.0.drain(..) {
            meter.increment(counter, by);
        }
    }
}

/// The prefix of all metric names of a configuration.
pub(super) fn prefix(config: &Config) -> String {
    match config.stat_prefix.as_str() {
        "" => "portcullis.".to_owned(),
        prefix => format!("portcullis.{prefix}."),
    }
}

pub(super) fn increment(metric: Option<MetricId>, meter: &impl Meter) {
    if let Some(id) = metric {
        meter.increment(id, 1);
    }
}

pub(super) fn record(metric: Option<MetricId>, value: u64, meter: &impl Meter) {
    if let Some(id) = metric {
        meter.record(id, value);
    }
}
