//! Values of HTTP: the head of a request, an answer, and what servers could read in two ways.
//!
//! Nothing here knows rules, tokens or the host.

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
