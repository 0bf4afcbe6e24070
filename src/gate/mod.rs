//! What every host does around an engine, written once.
//!
//! Nothing here calls a host by its ABI: what the proxy does for a request comes in as a trait, and a test
//! can play the proxy.

mod log;
mod metrics;
#[cfg(test)]
pub(crate) mod one_record;
mod route_policies;
mod route_sampling;
mod succession;

pub(crate) use self::route_policies::RoutePolicies;
pub use self::{
    log::{Log, LogLevel},
    metrics::{DecisionMetrics, KeyMetrics, Meter, MetricId, MetricRegistry},
    route_policies::{Malformed, Route},
    succession::{ConnectionId, Membership, Policies},
};
