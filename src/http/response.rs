//! Responses that Portcullis sends itself, such as refusals.

/// A response to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The headers, in order.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// The value of Envoy's `%RESPONSE_CODE_DETAILS%`.
    pub details: String,
}
