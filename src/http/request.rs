//! A request's head as the engine sees it.
//!
//! Values are bytes: a client may send anything, and a decision must be made about all of it.

/// A request's head. Names are in lower case, pseudo-headers included, in the order received.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    headers: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Request<'a> {
    /// A request with these headers; names must be in lower case already, as Envoy gives them.
    #[must_use]
    pub const fn new(headers: Vec<(&'a [u8], &'a [u8])>) -> Self {
        Self { headers }
    }

    /// All headers in order.
    #[must_use]
    pub fn headers(&self) -> &[(&'a [u8], &'a [u8])] {
        &self.headers
    }

    /// Every value of the header `name`, in order: a check of the first line alone would let a
    /// second one through unseen (CVE-2020-25017).
    pub fn values<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + 'b {
        self.headers
            .iter()
            // Most differ in length: a look costs no call then.
            .filter(move |(own, _)| own.len() == name.len() && *own == name.as_bytes())
            .map(|(_, value)| *value)
    }

    /// The value of `:method`; empty when absent or not text.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.values(":method")
            .next()
            .and_then(|value| str::from_utf8(value).ok())
            .unwrap_or("")
    }

    /// The value of `:path`, query included; `None` for a CONNECT without one.
    #[must_use]
    pub fn target(&self) -> Option<&'a [u8]> {
        self.values(":path").next()
    }
}
