//! Counters and gauges: a closed set of names, defined once.
//!
//! Operators rely on the names, so all hosts use the same names. If a host refuses to define or
//! write a metric, requests are still decided.

mod decisions;
mod keys;
mod meter;

pub use self::{
    decisions::DecisionMetrics,
    keys::KeyMetrics,
    meter::{Meter, MetricId, MetricRegistry},
};
