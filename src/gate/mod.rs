//! What every host does around an engine, written once.
//!
//! Nothing here calls a host by its ABI: what the proxy does for a request comes in as a trait, and a test
//! can play the proxy.

mod metrics;

pub use self::metrics::{DecisionMetrics, KeyMetrics, Meter, MetricId, MetricRegistry};
