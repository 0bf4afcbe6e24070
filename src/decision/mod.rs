//! What becomes of a request.
//!
//! A [`Decision`] is a value: the shells carry it out and add nothing. A [`Permit`] alone says how
//! a request may be changed; a [`Denial`] alone knows its status, challenge, text and metric.

mod denial;
mod export;
mod permit;
mod reason;
mod text;

pub use self::{
    denial::{Denial, READING, ResponseStyle},
    export::{Exports, StateEntry, StateKey},
    permit::{HeaderEdit, Permit, PermitReason},
    reason::Reason,
    text::Text,
};
use crate::{
    http::Format,
    keys::{FetchCause, SourceId},
};

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It has to wait for keys.
    AwaitKeys {
        /// Whose keys.
        source: SourceId,
        /// Why they are not there.
        cause: FetchCause,
    },
    /// It is answered here.
    Deny(Denial),
    /// It goes on to the upstream.
    Permit(Permit),
    /// It is answered here with how the authorization servers stand.
    Report(Format),
}
