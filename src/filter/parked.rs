//! Requests that wait for keys.
//!
//! Only their context ids are kept: the host keeps the request itself. An id is dropped with its
//! stream, and the list is bounded, so that a silent authorization server cannot fill the memory.

use core::time::Duration;
use std::collections::VecDeque;

use crate::{filter::gate::Gate, time::UnixMillis};

/// The requests of one worker that wait for keys.
#[derive(Debug)]
pub(super) struct Parked {
    /// In the order in which they came, which is also that in which they mostly leave.
    requests: VecDeque<ParkedRequest>,
    capacity: usize,
    timeout: Duration,
}

/// A request that waits for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParkedRequest {
    /// Its stream's context.
    pub(super) context_id: u32,
    /// When it arrived.
    pub(super) arrived: UnixMillis,
    /// Holds its body back.
    pub(super) gate: Gate,
}

impl Parked {
    /// A list for at most `capacity` requests that each wait at most `timeout`.
    pub(super) const fn new(capacity: usize, timeout: Duration) -> Self {
        Self {
            requests: VecDeque::new(),
            capacity,
            timeout,
        }
    }

    /// Adds a request, and shuts a gate behind it. None when the list is full.
    pub(super) fn park(&mut self, context_id: u32, now: UnixMillis) -> Option<Gate> {
        if self.requests.len() >= self.capacity {
            return None;
        }
        let gate = Gate::default();
        self.requests.push_back(ParkedRequest {
            context_id,
            arrived: now,
            gate: gate.clone(),
        });
        Some(gate)
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Those that are to be looked at: all of them after news of keys, else those whose time is up.
    pub(super) fn ready(&self, news: bool, now: UnixMillis) -> Vec<ParkedRequest> {
        self.requests
            .iter()
            .filter(|request| news || self.is_due(request, now))
            .cloned()
            .collect()
    }

    /// Whether a request has waited long enough. A request from the future arrived before the clock
    /// went back.
    pub(super) fn is_due(&self, request: &ParkedRequest, now: UnixMillis) -> bool {
        request.arrived.plus(self.timeout) <= now || request.arrived > now
    }

    /// Drops a request that was answered, let go or left by its client.
    pub(super) fn remove(&mut self, context_id: u32) {
        let mut requests = self.requests.iter();
        if let Some(place) = requests.position(|request| request.context_id == context_id) {
            self.requests.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_no_more_than_its_capacity() {
        let mut parked = Parked::new(1, Duration::from_secs(5));
        assert!(parked.park(1, UnixMillis::new(0)).is_some());
        assert!(parked.park(2, UnixMillis::new(0)).is_none());
        parked.remove(1);
        assert!(parked.is_empty());
    }

    #[test]
    fn wakes_all_on_news_and_else_those_whose_time_is_up() {
        let mut parked = Parked::new(9, Duration::from_secs(5));
        let _ = parked.park(1, UnixMillis::new(0));
        let _ = parked.park(2, UnixMillis::new(1000));
        assert_eq!(parked.ready(true, UnixMillis::new(1)).len(), 2);
        assert_eq!(parked.ready(false, UnixMillis::new(4999)), []);
        assert_eq!(parked.ready(false, UnixMillis::new(5000)).len(), 1);
        let _ = parked.park(3, UnixMillis::new(1_000_000));
        assert_eq!(parked.ready(false, UnixMillis::new(1000)).len(), 1);
    }
}
