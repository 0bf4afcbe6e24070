//! The interface through which scenarios start a gate, send requests and examine the results. A
//! gate is a proxy that runs the module.
//!
//! A scenario asserts outcomes: answers, requests that reached the protected service, fetches,
//! metrics. It never asserts the order of host calls, so it can run with every [`Driver`].
//!
//! # What a driver must do
//!
//! - Give the gate the clusters, routes and filters of [`Setup`], and put it in front of a service
//!   that records every request.
//! - If a configuration is rejected, return [`Refused`] with everything that was logged about it.
//!   Tests compare these log lines.
//! - Keep any number of requests in flight between [`Driver::begin`] and [`Driver::finish`], and
//!   report each request's outcome as the client sees it.
//! - Fail the test if the module traps or panics, even if the test does not check for that.
//! - Start every gate from a clean state: counters at zero, an empty log, and no data of other
//!   gates in shared memory.
//! - Wait for conditions, never for a fixed time. Time is simulated in the fake host, and real in
//!   Envoy.
//!
//! Some hosts lack features. If a field of [`Setup`] or [`Exchange`] needs a feature that a host
//! lacks, the field's documentation names that host. A scenario runs only with the drivers that
//! have the features it needs. [`on_every_driver!`](crate::on_every_driver) lists the drivers.

mod exchange;
mod setup;

use std::time::Duration;

use serde_json::Value;

pub use self::{
    exchange::{Exchange, Request, Seen},
    setup::{Build, Route, Setup, VirtualHost, Wrapping},
};

/// A gate in front of a service that records the requests it receives.
pub trait Driver: Sized {
    /// A request that has no answer yet.
    type Pending;

    /// True if the driver runs the dynamic module.
    const IS_NATIVE: bool = false;

    /// A connection that stays open until it is dropped. All requests on a connection are handled
    /// with the configuration that was in force when the connection was opened.
    type Connection;

    /// Returns whether a connection stays open through an update and the rollback of that update.
    /// Envoy before 1.40 may reset the connection, so that the module gets no more requests from
    /// it.
    fn keeps_connections_through_a_rollback() -> bool {
        true
    }

    /// Returns whether filters can exchange nested metadata. Before 1.40, Envoy accepts no nested
    /// metadata from a dynamic module.
    fn takes_nested_metadata() -> bool {
        true
    }

    /// Returns whether metrics about keys are visible as soon as they change. In Envoy 1.38, a
    /// dynamic module can write metrics only while it handles a request.
    fn shows_key_metrics_at_once() -> bool {
        true
    }

    /// Starts the gate. Returns when the gate accepts requests, or when its configuration is
    /// rejected.
    fn start(setup: &Setup) -> Result<Self, Refused>;

    /// Replaces the plugin configuration. If the new configuration is rejected, the old one stays
    /// in force.
    fn reconfigure(&self, configuration: &Value) -> Result<(), Refused>;

    /// Attempts an update that the host rejects although the module accepts the new configuration.
    /// The old configuration stays in force.
    fn reconfigure_in_vain(&self, configuration: &Value);

    /// Opens a connection. In Envoy, the connection outlives an update only if
    /// [`Setup::keeps_connections`] is true.
    fn connect(&self) -> Self::Connection;

    /// Sends a request over a connection and waits for its answer.
    fn send_on(&self, connection: &mut Self::Connection, request: &Request) -> Exchange;

    /// Sends a request without waiting for its answer.
    fn begin(&self, request: &Request) -> Self::Pending;

    /// Waits for the answer to a request that [`Self::begin`] has sent.
    fn finish(&self, pending: Self::Pending) -> Exchange;

    /// Closes the client's connection without waiting for the answer.
    fn abandon(&self, pending: Self::Pending);

    /// The number of requests that the gate has received and not answered yet.
    fn in_flight(&self) -> u64;

    /// The number of connections that each worker has accepted. In the fake host, this is the
    /// number of requests instead.
    fn taken_by_worker(&self) -> Vec<u64>;

    /// The value of a counter or gauge; `None` if the module has not defined it. The proxy-wasm
    /// module counts requests only on its next tick; see [`Self::wait_for_count`].
    fn metric(&self, name: &str) -> Option<u64>;

    /// The module's log since the gate started, one entry per line.
    fn log(&self) -> Vec<String>;

    /// The gate's clock in seconds since 1970, for the times in tokens.
    fn now(&self) -> u64;

    /// Waits until this much time has passed on the gate's clock.
    fn pass(&self, time: Duration);

    /// Waits until the condition is true. Fails the test after a timeout.
    fn wait_until(&self, expectation: &str, condition: impl FnMut() -> bool);

    /// Waits until a counter has this value. Fails the test if the counter exceeds it.
    fn wait_for_count(&self, name: &str, expected: u64) {
        self.wait_until(&format!("{name} = {expected}"), || {
            let count = self.metric(name);
            assert!(count <= Some(expected), "{name}: {count:?}");
            count == Some(expected)
        });
    }

    /// Sends a request and waits for its answer.
    fn send(&self, request: &Request) -> Exchange {
        self.finish(self.begin(request))
    }

    /// Distributes the requests evenly over this many connections, and returns the statuses in the
    /// order of the requests. `None` means that the connection ended without an answer. The fake
    /// host opens a new connection for each request.
    fn send_over(&self, connections: usize, requests: &[Request]) -> Vec<Option<u16>> {
        let at_once = requests.chunks(connections);
        at_once
            .flat_map(|requests| self.send_all(requests))
            .map(|exchange| Some(exchange.status))
            .collect()
    }

    /// Sends all requests, then waits for the answers.
    fn send_all(&self, requests: &[Request]) -> Vec<Exchange> {
        let pending: Vec<_> = requests.iter().map(|request| self.begin(request)).collect();
        pending
            .into_iter()
            .map(|pending| self.finish(pending))
            .collect()
    }
}

/// The error for a rejected configuration: everything that the host and the module logged about the
/// configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);
