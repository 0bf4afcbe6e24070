//! HTTP requests and responses, and checks for names and paths that servers can read in different
//! ways.
//!
//! This module does not depend on rules, tokens or hosts. If two servers read a path or a header
//! name differently, a request could evade the rule that should apply. The checks that detect such
//! requests are in this module, because they depend only on the request. Each kind of value has its
//! own error type, such as [`HeaderNameError`] or [`Ambiguity`](path::Ambiguity).

mod accept;
pub mod authority;
pub mod client_cert;
mod confusable;
mod header_name;
pub mod method;
pub(crate) mod octets;
pub mod path;
mod query;
mod request;
mod response;
pub(crate) mod white_space;
pub mod xfcc;

pub use self::confusable::is_parameter;
pub use self::{
    accept::Format,
    header_name::{HeaderName, HeaderNameError, is_token},
    query::{Parameter, Query},
    request::Request,
    response::Response,
};
pub(crate) use self::{
    confusable::{are_confusable, decoded_again, is_read_as, is_twin},
    query::is_utf8,
};
