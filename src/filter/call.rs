//! A call to an authorization server, through one of the proxy's clusters.

use core::time::Duration;

use proxy_wasm::{
    hostcalls,
    types::{BufferType, MapType, Status},
};

use crate::{
    filter::{abi, pairs},
    gate::LogLevel,
    keys::{Answer, Caching, Fetch, FetchError},
};

/// Begins a call; its answer comes under the token returned. The current context must be the
/// root's: a call that a stream made ends with it.
pub(super) fn begin(fetch: &Fetch) -> Result<u32, FetchError> {
    let endpoint = &fetch.endpoint;
    let mut headers = vec![
        (":method", "GET"),
        (":scheme", endpoint.scheme),
        (":authority", endpoint.authority.as_str()),
        (":path", endpoint.path.as_str()),
        ("accept", fetch.accept()),
    ];
    let etag = fetch.if_none_match.as_deref();
    headers.extend(etag.map(|etag| ("if-none-match", etag)));
    let timeout = Duration::from_millis(fetch.timeout_ms);
    // The SDK's own call: only a call that it knows comes back through its dispatcher.
    hostcalls::dispatch_http_call(&endpoint.cluster, headers, None, vec![], timeout).map_err(
        |status| {
            if status == Status::BadArgument {
                abi::log(
                    LogLevel::Error,
                    &format!(
                        "portcullis: the proxy has no cluster {:?}; add it, or correct the \
                         name in remote_jwks or discovery",
                        endpoint.cluster
                    ),
                );
            }
            FetchError::Cluster
        },
    )
}

/// A 200 within bounds or a 304, or why there is neither. Envoy says 503 of a connection that was
/// refused or reset and 504 of a call that took too long; an answer that broke off in its body
/// comes without headers.
pub(super) fn answer(headers: usize, body_size: usize, limit: usize) -> Result<Answer, FetchError> {
    if headers == 0 {
        return Err(FetchError::Unreachable);
    }
    let map = abi::header_map(MapType::HttpCallResponseHeaders).unwrap_or_default();
    let headers = pairs::decode(&map).unwrap_or_default();
    let status = status(&headers).ok_or(FetchError::Unreachable)?;
    let caching = Caching::read(headers);
    match status {
        200 if body_size > limit => Err(FetchError::TooLarge),
        200 => abi::buffer(BufferType::HttpCallResponseBody, body_size)
            .map(|body| Answer::Document { body, caching })
            .map_err(|_| FetchError::Unreachable),
        304 => Ok(Answer::NotModified { caching }),
        other => Err(FetchError::Status(other)),
    }
}

fn status(headers: &[(&[u8], &[u8])]) -> Option<u16> {
    let (_, value) = headers.iter().find(|(name, _)| *name == b":status")?;
    str::from_utf8(value).ok()?.parse().ok()
}
