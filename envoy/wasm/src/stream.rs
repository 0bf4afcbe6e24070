//! The stream context of one request.

use proxy_wasm::{
    traits::{Context, HttpContext},
    types::Action,
};

use crate::{body_hold::BodyHold, worker::SharedWorker};
use portcullis::gate::Verdict;

/// The stream context of one request.
pub(super) struct Stream {
    context_id: u32,
    worker: SharedWorker,
    head: Head,
}

/// What has happened to the headers of a request.
enum Head {
    /// The request was answered, or there is no engine to decide on it. The request does not
    /// continue.
    Held,
    /// The headers are held until the request is decided.
    Waits(BodyHold),
    /// The headers were forwarded.
    Passed,
}

impl Stream {
    /// Creates the context with this ID.
    pub(super) fn new(context_id: u32, worker: SharedWorker) -> Self {
        Self {
            context_id,
            worker,
            head: Head::Held,
        }
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _headers: usize, _end_of_stream: bool) -> Action {
        // A request does not continue if it was answered, or if there is no engine to decide on it.
        self.head = match self.worker.try_borrow_mut().as_deref_mut() {
            Ok(Some(worker)) => match worker.on_request(self.context_id) {
                Verdict::Pass => Head::Passed,
                Verdict::Wait => Head::Waits(worker.hold_body(self.context_id)),
                Verdict::Answer => Head::Held,
            },
            Ok(None) | Err(_) => Head::Held,
        };
        self.action()
    }

    fn on_http_request_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        self.action()
    }

    fn on_http_request_trailers(&mut self, _trailers: usize) -> Action {
        let verdict = match (&self.head, self.worker.try_borrow_mut().as_deref_mut()) {
            // If the headers do not continue, the trailers do not continue either.
            (Head::Held, _) => Verdict::Answer,
            (_, Ok(Some(worker))) => worker.on_trailers(self.context_id),
            (_, Ok(None) | Err(_)) => Verdict::Answer,
        };
        if !matches!(verdict, Verdict::Pass) {
            self.head = Head::Held;
        }
        self.action()
    }
}

impl Stream {
    /// Pauses the body and the trailers until the headers are forwarded.
    fn action(&self) -> Action {
        let passed = match &self.head {
            Head::Held => false,
            Head::Waits(hold) => hold.is_released(),
            Head::Passed => true,
        };
        if passed {
            Action::Continue
        } else {
            Action::Pause
        }
    }
}

impl Drop for Stream {
    /// Runs when the stream ends: either the client has gone, or the request is complete. If the
    /// request was waiting, removes it from the waiting requests.
    fn drop(&mut self) {
        if let Head::Waits(_) = self.head
            && let Ok(mut worker) = self.worker.try_borrow_mut()
            && let Some(worker) = worker.as_mut()
        {
            worker.on_stream_end(self.context_id);
        }
    }
}
