//! The context of one request.

use proxy_wasm::{
    traits::{Context, HttpContext},
    types::Action,
};

use crate::filter::{current_request::Fate, gate::Gate, root::SharedWorker};

/// One request.
pub(super) struct Stream {
    context_id: u32,
    worker: SharedWorker,
    gate: Gate,
}

impl Stream {
    /// The request with this context id.
    pub(super) fn new(context_id: u32, worker: SharedWorker) -> Self {
        Self {
            context_id,
            worker,
            gate: Gate::default(),
        }
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _headers: usize, _end_of_stream: bool) -> Action {
        let fate = match self.worker.try_borrow_mut() {
            Ok(mut worker) => worker
                .as_mut()
                .map(|worker| worker.on_request(self.context_id, &self.gate)),
            Err(_) => None,
        };
        match fate {
            Some(Fate::Passes) => {
                self.gate.open();
                Action::Continue
            }
            // Answered, waiting, or no engine to ask: it does not go on.
            Some(Fate::Answered | Fate::Waits) | None => Action::Pause,
        }
    }

    fn on_http_request_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        self.action()
    }

    fn on_http_request_trailers(&mut self, _trailers: usize) -> Action {
        self.action()
    }
}

impl Stream {
    /// What follows the head stays where the head is.
    fn action(&self) -> Action {
        if self.gate.is_open() {
            Action::Continue
        } else {
            Action::Pause
        }
    }
}

impl Drop for Stream {
    /// The client left, or the request is done: nobody waits any more.
    fn drop(&mut self) {
        if let Ok(mut worker) = self.worker.try_borrow_mut()
            && let Some(worker) = worker.as_mut()
        {
            worker.on_stream_end(self.context_id);
        }
    }
}
