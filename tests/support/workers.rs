//! Sends requests to every worker.

use super::driver::{Driver, Exchange, Request};

/// Sends the request until every worker has received it, and returns all exchanges.
///
/// One connection for each worker is not enough. Envoy's balancer may still count connections that
/// have already closed, and may skip a worker because of them.
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
