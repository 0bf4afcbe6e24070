//! The headers of a request, as the engine sees them.
//!
//! Names and values are bytes, because a client may send any bytes and every request needs a
//! decision.

use core::{cell::OnceCell, str::Utf8Error};

use super::{Query, path::Target};

/// The headers of a request, including pseudo-headers, in the order in which they arrived. Names
/// are in lower case.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    headers: Vec<(&'a [u8], &'a [u8])>,
    query: OnceCell<Query>,
}

impl<'a> Request<'a> {
    /// Makes a request with these headers. Names must already be in lower case, as in Envoy.
    #[must_use]
    pub const fn new(headers: Vec<(&'a [u8], &'a [u8])>) -> Self {
        Self {
            headers,
            query: OnceCell::new(),
        }
    }

    /// All headers, in order.
    #[must_use]
    pub fn headers(&self) -> &[(&'a [u8], &'a [u8])] {
        &self.headers
    }

    /// The same request with another `:path`.
    #[must_use]
    pub fn with_target<'b>(&self, target: &'b [u8]) -> Request<'b>
    where
        'a: 'b,
    {
        let headers = self.headers.iter().copied();
        let replaced = headers.map(|(name, value)| match name {
            b":path" => (name, target),
            _ => (name, value),
        });
        Request::new(replaced.collect())
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
            // Most names have another length, so they are ruled out without a function call.
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

    /// The value of `:authority`, or an empty string if the header is missing or not UTF-8.
    #[must_use]
    pub fn authority(&self) -> &'a str {
        self.values(":authority")
            .next()
            .and_then(|value| str::from_utf8(value).ok())
            .unwrap_or("")
    }

    /// The value of `:path`, including the query. `None` for a CONNECT request without a `:path`.
    #[must_use]
    pub fn target(&self) -> Option<&'a [u8]> {
        self.values(":path").next()
    }

    /// The path and the query in `:path`. `None` for a CONNECT request without a `:path`.
    ///
    /// # Errors
    /// If `:path` is not UTF-8.
    pub fn split_target(&self) -> Result<Option<Target<'a>>, Utf8Error> {
        let target = self.target().map(str::from_utf8).transpose()?;
        Ok(target.map(Target::new))
    }

    /// The query in `:path`. All callers get the same [`Query`], so it is decoded only once.
    pub fn query(&self) -> &Query {
        self.query.get_or_init(|| {
            let target = self.target().unwrap_or_default();
            let mut parts = target.splitn(2, |octet| *octet == b'?');
            Query::new(parts.nth(1).unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn parses_the_query_once() {
        for (target, expected) in [
            (Some("/a?b=c?d"), "b=c?d"),
            (Some("/a"), ""),
            (Some("/a?"), ""),
            (None, ""),
        ] {
            let headers = target.map(|target| (&b":path"[..], target.as_bytes()));
            let request = Request::new(headers.into_iter().collect());
            assert!(request.query.get().is_none());
            assert_eq!(request.query(), &Query::new(expected.as_bytes()));
            assert!(core::ptr::eq(request.query(), request.query()));
        }
    }
}
