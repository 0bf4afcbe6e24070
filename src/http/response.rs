//! An answer that the gate gives itself.

/// An answer to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// Headers in order.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// Envoy's `%RESPONSE_CODE_DETAILS%`.
    pub details: String,
}
