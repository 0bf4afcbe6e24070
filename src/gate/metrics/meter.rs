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
    /// Adds one to a counter.
    fn increment(&self, counter: MetricId);

    /// Sets a gauge.
    fn record(&self, gauge: MetricId, value: u64);

    /// The value of a metric over all workers; `None` if the host does not return the value.
    fn read(&self, metric: MetricId) -> Option<u64>;
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
        meter.increment(id);
    }
}

pub(super) fn record(metric: Option<MetricId>, value: u64, meter: &impl Meter) {
    if let Some(id) = metric {
        meter.record(id, value);
    }
}
