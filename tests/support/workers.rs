//! Sends requests to every worker.

use super::driver::{Driver, Exchange, Request};

/// Sends the request until every worker has received it, and returns all exchanges.
///
/// It is not enough to open as many connections as there are workers. Envoy's balancer may still
/// count connections that have already closed, and may therefore skip a worker.
pub fn ask_every_worker(gate: &impl Driver, request: &Request) -> Vec<Exchange> {
    let before = gate.taken_by_worker();
    let mut exchanges = Vec::new();
    gate.wait_until("every worker to take part", || {
        exchanges.extend(gate.send_all(&vec![request.clone(); before.len()]));
        let taken = gate.taken_by_worker();
        taken.iter().zip(&before).all(|(now, before)| now > before)
    });
    exchanges
}
