//! A call to an authorization server, through one of the proxy's clusters.

use core::time::Duration;

use proxy_wasm::{
    hostcalls,
    types::{BufferType, MapType, Status},
};

use crate::{
    config::RemoteJwks,
    filter::{
        abi::{self, LogLevel},
        pairs,
    },
    keys::FetchError,
};

/// Begins a call; its answer comes under the token returned. The current context must be the
/// root's: a call that a stream made ends with it.
pub(super) fn begin(request: &RemoteJwks) -> Result<u32, FetchError> {
    let scheme = request.uri.split("://").next().unwrap_or("https");
    let headers = vec![
        (":method", "GET"),
        (":scheme", scheme),
        (":authority", request.authority.as_str()),
        (":path", request.path.as_str()),
        ("accept", "application/jwk-set+json, application/json"),
    ];
    let timeout = Duration::from_millis(request.timeout_ms);
    // The SDK's own call: only a call that it knows comes back through its dispatcher.
    hostcalls::dispatch_http_call(&request.cluster, headers, None, vec![], timeout).map_err(
        |status| {
            if status == Status::BadArgument {
                abi::log(
                    LogLevel::Error,
                    &format!(
                        "portcullis: the proxy has no cluster {:?}; add it, or correct \
                         remote_jwks.http_uri.cluster",
                        request.cluster
                    ),
                );
            }
            FetchError::Cluster
        },
    )
}

/// The body of a 200 within bounds, or why there is none. Envoy says 503 of a connection that was
/// refused or reset and 504 of a call that took too long; an answer that broke off in its body
/// comes without headers.
pub(super) fn answer(
    headers: usize,
    body_size: usize,
    limit: usize,
) -> Result<Vec<u8>, FetchError> {
    if headers == 0 {
        return Err(FetchError::Unreachable);
    }
    let status = status().ok_or(FetchError::Unreachable)?;
    if status != 200 {
        return Err(FetchError::Status(status));
    }
    if body_size > limit {
        return Err(FetchError::TooLarge);
    }
    abi::buffer(BufferType::HttpCallResponseBody, body_size).map_err(|_| FetchError::Unreachable)
}

fn status() -> Option<u16> {
    let map = abi::header_map(MapType::HttpCallResponseHeaders).ok()?;
    let headers = pairs::decode(&map)?;
    let (_, value) = headers.into_iter().find(|(name, _)| *name == b":status")?;
    str::from_utf8(value).ok()?.parse().ok()
}
