//! HTTP values: a request's head, a response, and names and paths that servers can read in two
//! ways.
//!
//! Nothing here knows rules, tokens or the host. The checks that refuse ambiguous spellings are
//! here, because they depend only on what a client sent: two servers that read one path or one
//! header name differently let a request past the rule written for it. A value is refused by its
//! own error type, such as [`HeaderNameError`] or [`Ambiguity`](path::Ambiguity).

mod accept;
mod confusable;
mod header_name;
pub mod method;
pub mod path;
mod request;
mod response;

pub use self::confusable::is_parameter;
pub(crate) use self::confusable::is_twin;
pub use self::{
    accept::Format,
    header_name::{HeaderName, HeaderNameError, is_token},
    request::Request,
    response::Response,
};
