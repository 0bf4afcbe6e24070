//! Requests that wait for keys.
//!
//! The list contains only stream IDs; the host keeps the requests themselves. An ID is removed when
//! its stream ends, and the list has a maximum length. So memory use is bounded even if an
//! authorization server does not respond.

use core::time::Duration;
use std::collections::VecDeque;

use crate::time::{CLOCK_CORRECTION, UnixMillis};

/// The ID that the host gave a stream. IDs are unique within a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamId(pub u32);

/// The requests of one worker that wait for keys.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The requests in order of arrival. Most requests are also removed in this order.
    requests: VecDeque<WaitingRequest>,
    capacity: usize,
    timeout: Duration,
}

/// A request that waits for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WaitingRequest {
    stream: StreamId,
    /// When the request arrived.
    pub(super) arrived: UnixMillis,
}

impl Waiting {
    /// Creates a list for at most `capacity` requests that each wait at most `timeout`.
    pub(super) const fn new(capacity: usize, timeout: Duration) -> Self {
        Self {
            requests: VecDeque::new(),
            capacity,
            timeout,
        }
    }

    /// Adds a request. Returns false if the list is full.
    #[must_use]
    pub(super) fn add(&mut self, stream: StreamId, now: UnixMillis) -> bool {
        if self.requests.len() >= self.capacity {
            return false;
        }
        self.requests.push_back(WaitingRequest {
            stream,
            arrived: now,
        });
        true
    }

    /// Returns whether the list is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Returns the requests that must be decided again: all waiting requests if a fetch has ended
    /// (`news`), otherwise only those that have waited too long.
    pub(super) fn ready(&self, news: bool, now: UnixMillis) -> Vec<StreamId> {
        self.requests
            .iter()
            .filter(|request| news || self.is_due(request, now))
            .map(|request| request.stream)
            .collect()
    }

    /// The waiting request of a stream. `None` if the stream's request is not waiting.
    pub(super) fn find(&self, stream: StreamId) -> Option<&WaitingRequest> {
        self.requests.get(self.place(stream)?)
    }

    /// Returns whether a request has waited too long. If the clock was set back by more than a
    /// correction, it is unknown how long the request has waited.
    pub(super) fn is_due(&self, request: &WaitingRequest, now: UnixMillis) -> bool {
        let arrived = request.arrived;
        now.since(arrived) >= self.timeout || arrived > now.plus(CLOCK_CORRECTION)
    }

    /// Removes a request that was answered or let through, or whose client has gone.
    pub(super) fn remove(&mut self, stream: StreamId) {
        if let Some(place) = self.place(stream) {
            self.requests.remove(place);
        }
    }

    fn place(&self, stream: StreamId) -> Option<usize> {
        let mut requests = self.requests.iter();
        requests.position(|request| request.stream == stream)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn never_exceeds_its_capacity() {
        let mut waiting = Waiting::new(1, Duration::from_secs(5));
        assert!(waiting.add(StreamId(1), UnixMillis::new(0)));
        assert!(!waiting.add(StreamId(2), UnixMillis::new(0)));
        waiting.remove(StreamId(1));
        assert!(waiting.is_empty());
    }

    #[test]
    fn resumes_all_if_keys_changed_else_those_that_waited_too_long() {
        let mut waiting = Waiting::new(9, Duration::from_secs(5));
        assert!(waiting.add(StreamId(1), UnixMillis::new(0)));
        assert!(waiting.add(StreamId(2), UnixMillis::new(1000)));
        assert_eq!(waiting.ready(true, UnixMillis::new(1)).len(), 2);
        assert_eq!(waiting.ready(false, UnixMillis::new(4999)), []);
        assert_eq!(waiting.ready(false, UnixMillis::new(5000)), [StreamId(1)]);
        // The clock is set back: a correction delays requests, but a larger step ends the wait.
        assert!(waiting.add(StreamId(3), UnixMillis::new(11_000)));
        assert_eq!(waiting.ready(false, UnixMillis::new(1000)), []);
        waiting.remove(StreamId(3));
        assert!(waiting.add(StreamId(3), UnixMillis::new(11_001)));
        assert_eq!(waiting.ready(false, UnixMillis::new(1000)), [StreamId(3)]);
    }
}
