//! Requests and their outcomes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::{self, Headers};

/// A client's request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path and the query, sent unchanged.
    pub path: String,
    /// The value of the `Host` header.
    pub authority: String,
    /// The header lines, sent unchanged and in this order.
    pub headers: Headers,
    /// The body. The header `content-length` is added, unless the body is empty or there are
    /// trailers.
    pub body: Vec<u8>,
    /// The trailer lines. If there are any, the body is sent chunked.
    pub trailers: Headers,
}

impl Request {
    /// A request to `api.example.com`, without headers or body.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            authority: "api.example.com".to_owned(),
            headers: Headers::default(),
            body: Vec::new(),
            trailers: Headers::default(),
        }
    }

    /// A `GET` request.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// Adds a header line.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// Adds `Authorization: Bearer …`.
    pub fn bearer(self, token: impl AsRef<[u8]>) -> Self {
        self.header("authorization", [b"Bearer ", token.as_ref()].concat())
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    /// Adds a trailer line.
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers.add(name, value);
        self
    }

    /// The request's bytes in HTTP/1.1.
    pub fn on_the_wire(&self) -> Vec<u8> {
        let mut headers = Headers::default();
        headers.add("host", &self.authority);
        headers.0.extend(self.headers.0.iter().cloned());
        let is_chunked = !self.trailers.0.is_empty();
        if is_chunked {
            headers.add("transfer-encoding", "chunked");
        } else if !self.body.is_empty() {
            headers.add("content-length", self.body.len().to_string());
        }
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.path).into_bytes();
        http::write_headers(&mut bytes, &headers);
        if is_chunked {
            if !self.body.is_empty() {
                bytes.extend(format!("{:x}\r\n", self.body.len()).into_bytes());
                bytes.extend([&self.body, &b"\r\n"[..]].concat());
            }
            bytes.extend_from_slice(b"0\r\n");
            http::write_headers(&mut bytes, &self.trailers);
        } else {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// The outcome of a request.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The status that the client received.
    pub status: u16,
    /// The header lines that the client received.
    pub headers: Headers,
    /// The body that the client received.
    pub body: Vec<u8>,
    /// The request as it reached the protected service; `None` if it did not get there.
    pub upstream: Option<Seen>,
    /// Envoy's `%RESPONSE_CODE_DETAILS%`.
    pub details: String,
    /// The metadata that the request's final route has in the namespace `portcullis`.
    pub route: Option<Value>,
    /// The filter state that the module wrote: those entries that
    /// [`Setup::filter_state`](super::Setup::filter_state) names.
    pub filter_state: BTreeMap<String, String>,
    /// The request headers in the access log: those that [`Setup::logged`](super::Setup::logged)
    /// names.
    pub logged: BTreeMap<String, String>,
}

impl Exchange {
    /// The status that the client received, and the reason if the module refused the request.
    pub fn outcome(&self) -> (u16, &str) {
        let reason = self.details.strip_prefix("portcullis_denied{");
        let reason = reason.and_then(|reason| reason.strip_suffix('}'));
        (self.status, reason.unwrap_or_default())
    }
}

/// A request as it reached the protected service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// The header lines in order, including `host` and the lines that the proxy adds.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// The trailer lines in order.
    pub trailers: Headers,
}
