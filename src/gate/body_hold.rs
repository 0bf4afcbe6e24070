//! What holds a request's body back.

use core::cell::Cell;
use std::rc::Rc;

/// Whether what follows a head that waits may go on; not at first. A body reaches the filter while the head
/// still waits where the host stops headers alone (Envoy's `allow_on_headers_stop_iteration`), and a body that
/// is let through takes the head along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyHold(Rc<Cell<bool>>);

impl BodyHold {
    /// The request may go on.
    pub(super) fn release(&self) {
        self.0.set(true);
    }

    /// Whether the request may go on.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.0.get()
    }
}
