//! Holds back the body of a request that waits.

use core::cell::Cell;
use std::rc::Rc;

/// Records whether the body of a waiting request may pass. At first, the body may not pass.
///
/// With `allow_on_headers_stop_iteration`, Envoy stops only the headers of a waiting request, so
/// the body still reaches the filter. If the filter let the body pass, Envoy would send the headers
/// too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyHold(Rc<Cell<bool>>);

impl BodyHold {
    /// Lets the request's body pass.
    pub(super) fn release(&self) {
        self.0.set(true);
    }

    /// Returns whether the request's body may pass.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.0.get()
    }
}
