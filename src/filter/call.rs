//! A call to an authorization server, through one of the proxy's clusters.

use core::time::Duration;

use proxy_wasm::{
    hostcalls,
    types::{BufferType, MapType, Status},
};

use crate::{
    filter::{abi, pairs},
    gate::LogLevel,
    keys::{Answer, Fetch, FetchError, Received},
};

/// Begins a call; its answer comes under the token returned. The current context must be the
/// root's: a call that a stream made ends with it.
pub(super) fn begin(fetch: &Fetch) -> Result<u32, FetchError> {
    let cluster = &fetch.endpoint.cluster;
    let timeout = Duration::from_millis(fetch.timeout_ms);
    // The SDK's own call: only a call that it knows comes back through its dispatcher.
    hostcalls::dispatch_http_call(cluster, fetch.headers(), None, vec![], timeout).map_err(
        |status| {
            if status == Status::BadArgument {
                abi::log(
                    LogLevel::Error,
                    &format!(
                        "portcullis: the proxy has no cluster {cluster:?}; add it, or correct the \
                         name in remote_jwks or discovery"
                    ),
                );
            }
            FetchError::Cluster
        },
    )
}

/// The answer to the call whose response is current.
pub(super) fn answer(headers: usize, body_size: usize, limit: usize) -> Result<Answer, FetchError> {
    let map = match headers {
        0 => Vec::new(),
        _ => abi::header_map(MapType::HttpCallResponseHeaders).unwrap_or_default(),
    };
    let received = Received {
        headers: &pairs::decode(&map).unwrap_or_default(),
        body_size,
        body: &|| abi::buffer(BufferType::HttpCallResponseBody, body_size).ok(),
    };
    received.answer(limit)
}
