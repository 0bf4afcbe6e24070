//! Holding back a request's body.

use core::cell::Cell;
use std::rc::Rc;

/// Whether the body of a waiting request may pass; initially it may not. If the host stops only
/// headers (Envoy's `allow_on_headers_stop_iteration`), the body reaches the filter while the
/// headers still wait. If the filter let the body pass, the host would send the headers too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyHold(Rc<Cell<bool>>);

impl BodyHold {
    /// Lets the request go on.
    pub(super) fn release(&self) {
        self.0.set(true);
    }

    /// Whether the request may go on.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.0.get()
    }
}
