//! Counters and gauges: a closed set of names, defined once.
//!
//! The names are part of what operators rely on, so no host has a list of its own. A host that refuses to
//! define or to count a metric is no reason to refuse requests.

mod decisions;
mod keys;
mod meter;

pub use self::{
    decisions::DecisionMetrics,
    keys::KeyMetrics,
    meter::{Meter, MetricId, MetricRegistry},
};
