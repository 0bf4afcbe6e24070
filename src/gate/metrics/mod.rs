//! Counters and gauges of decisions and keys.
//!
//! Operators rely on the names of the metrics, so the set of names is fixed and the same on all
//! hosts. If a host refuses to define or write a metric, requests are still decided.

mod decisions;
mod keys;
mod meter;

pub use self::{
    decisions::DecisionMetrics,
    keys::KeyMetrics,
    meter::{Meter, MetricId, MetricRegistry},
};
