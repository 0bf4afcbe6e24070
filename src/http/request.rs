//! The headers of a request, as the engine sees them.
//!
//! Names and values are bytes, because a client may send any bytes and every request needs a
//! decision.

/// The headers of a request, including pseudo-headers, in the order received. Names are in lower
/// case.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    headers: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Request<'a> {
    /// Makes a request with these headers. Names must already be in lower case, as in Envoy.
    #[must_use]
    pub const fn new(headers: Vec<(&'a [u8], &'a [u8])>) -> Self {
        Self { headers }
    }

    /// All headers, in order.
    #[must_use]
    pub fn headers(&self) -> &[(&'a [u8], &'a [u8])] {
        &self.headers
    }

    /// The list of all headers. The caller may reuse the list's memory.
    #[must_use]
    pub fn into_headers(self) -> Vec<(&'a [u8], &'a [u8])> {
        self.headers
    }

    /// All values of the header `name`, in order. A check that looks only at the first header line
    /// would miss the other lines (CVE-2020-25017).
    pub fn values<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + 'b {
        self.headers
            .iter()
            // Most names differ in length, and comparing lengths needs no function call.
            .filter(move |(own, _)| own.len() == name.len() && *own == name.as_bytes())
            .map(|(_, value)| *value)
    }

    /// The options in all `Connection` headers, without the white space around them. Each option
    /// names a header that the next proxy drops (RFC 9110 section 7.6.1).
    pub fn connection_options(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.values("connection")
            .flat_map(|line| line.split(|octet| *octet == b','))
            .map(<[u8]>::trim_ascii)
    }

    /// The value of `:method`, or an empty string if the header is missing or not UTF-8.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.values(":method")
            .next()
            .and_then(|value| str::from_utf8(value).ok())
            .unwrap_or("")
    }

    /// The value of `:path`, including the query. `None` for a CONNECT request without a `:path`.
    #[must_use]
    pub fn target(&self) -> Option<&'a [u8]> {
        self.values(":path").next()
    }
}
