//! A request and its response while the filter handles them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::local_reply::LocalResponse;
use crate::{
    driver::{Request, Route, Seen, VirtualHost},
    http::Headers,
};

/// Request headers that Envoy keeps on one line. If such a header is repeated, Envoy joins the
/// values with commas. `cookie` is not in this list.
const INLINE: [&str; 8] = [
    "accept",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "content-type",
    "origin",
    "user-agent",
    "x-forwarded-for",
];

/// A request and its response.
#[derive(Debug, Default)]
pub struct Stream {
    /// The root context that serves the stream.
    pub root: u32,
    /// The request headers, including pseudo-headers.
    pub request: Headers,
    /// The request body.
    pub body: Vec<u8>,
    /// The request trailers.
    pub trailers: Headers,
    /// The response headers, including `:status`.
    pub response: Headers,
    /// The properties that the request had when it arrived.
    pub properties: BTreeMap<String, Vec<u8>>,
    /// The filter state entries that the module has set.
    pub filter_state: BTreeMap<String, Vec<u8>>,
    /// The module's verdict. Only the first verdict counts.
    pub act: Option<Act>,
}

impl Stream {
    /// Creates the stream for a request that arrives. The stream's headers are those that Envoy
    /// would pass to its filters.
    pub fn arriving(request: &Request, root: u32) -> Self {
        let mut headers = Headers::default();
        if request.method == "CONNECT" {
            headers.add(":authority", &request.path);
        } else {
            headers.add(":authority", &request.authority);
            headers.add(":path", &request.path);
        }
        headers.add(":method", &request.method);
        headers.add(":scheme", "http");
        for (name, value) in &request.headers.0 {
            let name = name.to_ascii_lowercase();
            let joins = INLINE.iter().any(|inline| inline.as_bytes() == name);
            let first = headers
                .0
                .iter_mut()
                .find(|(other, _)| joins && *other == name);
            match first {
                Some((_, values)) => values.extend_from_slice(&[b",", value.as_slice()].concat()),
                None => headers.add(name, value),
            }
        }
        let mut trailers = Headers::default();
        for (name, value) in &request.trailers.0 {
            trailers.add(name.to_ascii_lowercase(), value);
        }
        if !trailers.0.is_empty() {
            headers.add("transfer-encoding", "chunked");
        } else if !request.body.is_empty() {
            headers.add("content-length", request.body.len().to_string());
        }
        headers.add("x-forwarded-proto", "http");
        headers.add("x-request-id", "00000000-0000-4000-8000-000000000000");
        Self {
            root,
            request: headers,
            body: request.body.clone(),
            trailers,
            ..Self::default()
        }
    }

    /// The request as it leaves the proxy.
    pub fn seen(&self) -> Seen {
        let part = |name| self.request.value(name).unwrap_or_default();
        let mut headers = Headers::default();
        headers.add("host", part(":authority"));
        let plain = |(name, _): &&(Vec<u8>, Vec<u8>)| !name.starts_with(b":");
        headers
            .0
            .extend(self.request.0.iter().filter(plain).cloned());
        Seen {
            method: part(":method"),
            path: self
                .request
                .value(":path")
                .unwrap_or_else(|| part(":authority")),
            headers,
            body: self.body.clone(),
            trailers: self.trailers.clone(),
        }
    }
}

/// The metadata of the route that a request with these headers takes.
pub fn route_metadata(hosts: &[VirtualHost], request: &Headers) -> Option<Value> {
    let authority = request.value(":authority").unwrap_or_default();
    let named = hosts.iter().find(|host| host.domain == authority);
    let host = named.or_else(|| hosts.iter().find(|host| host.domain == "*"))?;
    let path = request.value(":path").unwrap_or_default();
    let matches = |route: &&Route| {
        let header = route.header.as_ref();
        path.starts_with(&route.prefix)
            && header.is_none_or(|(name, value)| request.value(name).as_ref() == Some(value))
    };
    host.routes.iter().find(matches)?.metadata.clone()
}

/// The module's verdict on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The request goes on to the protected service.
    Continue,
    /// The module answers the request.
    Respond(LocalResponse),
}
