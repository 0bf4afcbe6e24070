//! Decisions about requests.
//!
//! A [`Decision`] is a plain value that a [`gate`](crate::gate) carries out. Only a [`Permit`] can
//! change a request. The status, challenge, text and metric of a refusal depend only on its
//! [`Denial`] and on the operator's [`ResponseStyle`]. Every refusal has a [`Reason`] from a closed
//! set, so every refusal has a metric and a documented response.
//!
//! ```
//! use portcullis::decision::{Denial, ResponseStyle};
//!
//! let style = ResponseStyle { realm: "api", stripped: false };
//! let response = Denial::keys_unavailable().response(style);
//! assert_eq!(response.status, 503);
//! assert!(response.headers.contains(&("retry-after", "1".to_owned())));
//! ```

mod denial;
mod edit;
mod export;
mod permit;
mod reason;
mod text;

pub use self::{
    denial::{Denial, READING, ResponseStyle},
    edit::{HeaderEdit, edited},
    export::{Exports, StateEntry, StateKey, StateValue},
    permit::{Permit, PermitReason},
    reason::Reason,
    text::Text,
};
use crate::{
    http::{Format, Response},
    keys::WantedKeys,
};

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request has to wait for these keys.
    AwaitKeys(WantedKeys),
    /// The gate refuses the request.
    Deny(Denial),
    /// The request goes on to the upstream.
    Permit(Permit),
    /// The gate responds with the status report, in this format.
    Report(Format),
    /// The gate sends this response, which depends only on the configuration.
    Serve(Response),
}
