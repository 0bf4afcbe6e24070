//! Holds back the bodies of requests that wait for keys.
//!
//! With `allow_on_headers_stop_iteration`, Envoy stops only the headers of a waiting request, so the
//! body still reaches the filter. If the filter let the body pass, Envoy would send the headers too.

use core::cell::Cell;
use std::rc::Rc;

use portcullis::gate::StreamId;

/// Records whether the body of a waiting request may pass. At first, the body may not pass. The
/// request's stream and its worker share this value, so that the stream can read it while the worker
/// is busy.
#[derive(Clone, Debug, Default)]
pub(super) struct BodyHold(Rc<Cell<bool>>);

impl BodyHold {
    /// Lets the request's body pass.
    fn release(&self) {
        self.0.set(true);
    }

    /// Returns whether the request's body may pass.
    pub(super) fn is_released(&self) -> bool {
        self.0.get()
    }
}

/// The holds on the bodies of a worker's waiting requests.
#[derive(Debug, Default)]
pub(super) struct BodyHolds(Vec<(StreamId, BodyHold)>);

impl BodyHolds {
    /// Holds back the body of a request that has to wait.
    pub(super) fn add(&mut self, stream: StreamId) -> BodyHold {
        let hold = BodyHold::default();
        self.0.push((stream, hold.clone()));
        hold
    }

    /// Releases the body of a request after the gate has let the request pass.
    pub(super) fn release(&mut self, stream: StreamId) {
        if let Some(hold) = self.take(stream) {
            hold.release();
        }
    }

    /// Forgets a request that was answered or whose stream has ended, so its body never passes.
    pub(super) fn forget(&mut self, stream: StreamId) {
        let _ = self.take(stream);
    }

    fn take(&mut self, stream: StreamId) -> Option<BodyHold> {
        let place = self.0.iter().position(|(own, _)| *own == stream)?;
        Some(self.0.swap_remove(place).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_body_of_a_released_request_passes() {
        let mut holds = BodyHolds::default();
        let [waiting, released, forgotten] = [1, 2, 3].map(|id| holds.add(StreamId(id)));
        holds.release(StreamId(2));
        holds.forget(StreamId(3));
        holds.release(StreamId(3));
        assert!(released.is_released());
        assert!(!waiting.is_released() && !forgotten.is_released());
        assert_eq!(holds.0.len(), 1);
    }
}
