//! The headers of a request after forged headers were removed, and the steps by which the gate and
//! a shell get there.
//!
//! The gate decides only on a [`SettledHead`], and only [`Gate::settle`](super::Gate::settle) makes
//! one. So a shell cannot forget to settle a request, and cannot let the request pass if settling
//! it failed.

use crate::http::Request;

/// The headers of a request that was [settled](super::Gate::settle). There are no headers if the
/// host did not return them, or if the host refused an edit or did not choose the route again. In
/// the last two cases, a forged header may have chosen the route. A request without headers is
/// refused.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub struct SettledHead<'r>(Option<&'r Request<'r>>);

impl<'r> SettledHead<'r> {
    /// No headers, so that the gate refuses the request.
    pub(super) const FAILED: Self = Self(None);

    /// The headers of a settled request; `None` if the host did not return them.
    pub(super) const fn of(request: Option<&'r Request<'r>>) -> Self {
        Self(request)
    }

    /// The headers; `None` if the gate will refuse the request.
    #[must_use]
    pub const fn request(self) -> Option<&'r Request<'r>> {
        self.0
    }
}

/// What the shell must do after [`Gate::settle`](super::Gate::settle).
#[must_use]
#[derive(Debug)]
pub enum Settled<'r> {
    /// Pass these headers to the gate.
    Head(SettledHead<'r>),
    /// Read the headers from the host again. Some headers were removed, and the host may have
    /// chosen another route.
    ReadAgain(Rereading),
}

/// The task to read a request's headers again.
#[must_use]
#[derive(Debug)]
pub struct Rereading(());

impl Rereading {
    pub(super) const fn new() -> Self {
        Self(())
    }

    /// Completes the task with the headers that the host returns now. `request` is `None` if the
    /// host does not return them.
    pub const fn with<'r>(self, request: Option<&'r Request<'r>>) -> SettledHead<'r> {
        SettledHead(request)
    }
}
