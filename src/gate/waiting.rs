//! Requests that wait for keys.
//!
//! Only the numbers of their streams are kept: the host keeps the request itself. A number is dropped with its
//! stream, and the list is bounded, so that a silent authorization server cannot fill the memory.

use core::time::Duration;
use std::collections::VecDeque;

use crate::{gate::BodyHold, time::UnixMillis};

/// A stream of one worker, by the number that the host knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamId(pub u32);

/// The requests of one worker that wait for keys.
#[derive(Debug)]
pub(super) struct Waiting {
    /// In the order in which they came, which is also that in which they mostly leave.
    requests: VecDeque<WaitingRequest>,
    capacity: usize,
    timeout: Duration,
}

/// A request that waits for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WaitingRequest {
    stream: StreamId,
    /// When it arrived.
    pub(super) arrived: UnixMillis,
    /// Holds its body back.
    pub(super) hold: BodyHold,
}

impl Waiting {
    /// A list for at most `capacity` requests that each wait at most `timeout`.
    pub(super) const fn new(capacity: usize, timeout: Duration) -> Self {
        Self {
            requests: VecDeque::new(),
            capacity,
            timeout,
        }
    }

    /// Adds a request, and holds its body back. None when the list is full.
    pub(super) fn add(&mut self, stream: StreamId, now: UnixMillis) -> Option<BodyHold> {
        if self.requests.len() >= self.capacity {
            return None;
        }
        let hold = BodyHold::default();
        self.requests.push_back(WaitingRequest {
            stream,
            arrived: now,
            hold: hold.clone(),
        });
        Some(hold)
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Those that are to be looked at: all of them after news of keys, else those whose time is up.
    pub(super) fn ready(&self, news: bool, now: UnixMillis) -> Vec<StreamId> {
        self.requests
            .iter()
            .filter(|request| news || self.is_due(request, now))
            .map(|request| request.stream)
            .collect()
    }

    /// The request of a stream, if it waits.
    pub(super) fn find(&self, stream: StreamId) -> Option<&WaitingRequest> {
        self.requests.get(self.place(stream)?)
    }

    /// Whether a request has waited long enough. A request from the future arrived before the clock
    /// went back.
    pub(super) fn is_due(&self, request: &WaitingRequest, now: UnixMillis) -> bool {
        request.arrived.plus(self.timeout) <= now || request.arrived > now
    }

    /// Drops a request that was answered, let go or left by its client.
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
    fn holds_no_more_than_its_capacity() {
        let mut waiting = Waiting::new(1, Duration::from_secs(5));
        assert!(waiting.add(StreamId(1), UnixMillis::new(0)).is_some());
        assert!(waiting.add(StreamId(2), UnixMillis::new(0)).is_none());
        waiting.remove(StreamId(1));
        assert!(waiting.is_empty());
    }

    #[test]
    fn wakes_all_on_news_and_else_those_whose_time_is_up() {
        let mut waiting = Waiting::new(9, Duration::from_secs(5));
        let _ = waiting.add(StreamId(1), UnixMillis::new(0));
        let _ = waiting.add(StreamId(2), UnixMillis::new(1000));
        assert_eq!(waiting.ready(true, UnixMillis::new(1)).len(), 2);
        assert_eq!(waiting.ready(false, UnixMillis::new(4999)), []);
        assert_eq!(waiting.ready(false, UnixMillis::new(5000)), [StreamId(1)]);
        let _ = waiting.add(StreamId(3), UnixMillis::new(1_000_000));
        assert_eq!(waiting.ready(false, UnixMillis::new(1000)), [StreamId(3)]);
    }
}
