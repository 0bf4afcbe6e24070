//! HTTP values: a request's head, a response, and names and paths that servers can read in two
//! ways.
//!
//! This module knows no rules, tokens or hosts. It refuses ambiguous spellings, because these
//! checks depend only on the request. If two servers read a path or a header name differently, a
//! request could evade the rule that was written for it. Each kind of value has its own error type,
//! such as [`HeaderNameError`] or [`Ambiguity`](path::Ambiguity).

mod accept;
pub mod client_cert;
mod confusable;
mod header_name;
pub mod method;
pub(crate) mod octets;
pub mod path;
mod request;
mod response;
pub mod xfcc;

pub use self::confusable::is_parameter;
pub(crate) use self::confusable::{are_confusable, is_twin};
pub use self::{
    accept::Format,
    header_name::{HeaderName, HeaderNameError, is_token},
    request::Request,
    response::Response,
};
