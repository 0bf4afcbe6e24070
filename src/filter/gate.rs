//! What holds a request's body back.

use core::cell::Cell;
use std::rc::Rc;

/// Whether a request may go on; shut at first. A body reaches the filter while the head still waits
/// where the host stops headers alone (Envoy's `allow_on_headers_stop_iteration`), and a body that
/// is let through takes the head along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gate(Rc<Cell<bool>>);

impl Gate {
    /// The request may go on.
    pub(super) fn open(&self) {
        self.0.set(true);
    }

    /// Whether the request may go on.
    pub(super) fn is_open(&self) -> bool {
        self.0.get()
    }
}
