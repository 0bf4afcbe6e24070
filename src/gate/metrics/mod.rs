//! Counters and gauges: a closed set of names, defined once.
//!
//! Operators rely on the names, so no host has a list of its own. If a host refuses to define or
//! count a metric, requests are still decided.

mod decisions;
mod keys;
mod meter;

pub use self::{
    decisions::DecisionMetrics,
    keys::KeyMetrics,
    meter::{Meter, MetricId, MetricRegistry},
};
