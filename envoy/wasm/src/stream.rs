//! The context of one request.

use proxy_wasm::{
    traits::{Context, HttpContext},
    types::Action,
};

use crate::worker::SharedWorker;
use portcullis::gate::{BodyHold, Verdict};

/// One request.
pub(super) struct Stream {
    context_id: u32,
    worker: SharedWorker,
    head: Head,
}

/// The state of a request's head.
enum Head {
    /// The request was answered here, or it cannot be decided on. It does not continue.
    Held,
    /// The head waits for keys.
    Waits(BodyHold),
    /// The head was forwarded.
    Passed,
}

impl Stream {
    /// The request with this context id.
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
        // If the request was answered, or there is no engine to decide, it does not continue.
        self.head = match self.worker.try_borrow_mut().as_deref_mut() {
            Ok(Some(worker)) => match worker.on_request(self.context_id) {
                Verdict::Pass => Head::Passed,
                Verdict::Wait(hold) => Head::Waits(hold),
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
            // The trailers of such a request are not forwarded either.
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
    /// The body and the trailers are paused until the head is forwarded.
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
    /// The stream has ended, because the client has left or the request is complete. It no longer
    /// waits.
    fn drop(&mut self) {
        if let Head::Waits(_) = self.head
            && let Ok(mut worker) = self.worker.try_borrow_mut()
            && let Some(worker) = worker.as_mut()
        {
            worker.on_stream_end(self.context_id);
        }
    }
}
