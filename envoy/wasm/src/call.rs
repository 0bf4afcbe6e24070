//! Calls to authorization servers, through the proxy's clusters.

use core::mem;

use proxy_wasm::{
    hostcalls,
    types::{BufferType, MapType, Status},
};

use crate::{abi, pairs};
use portcullis::{
    gate::{CallError, Caller},
    keys::{Fetch, Received},
};

/// Calls in progress, by the host's token.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<(u32, Fetch)>);

impl Calls {
    /// Whether no call is in progress.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes and returns the call with this token.
    pub(super) fn take(&mut self, token: u32) -> Option<Fetch> {
        let place = self.0.iter().position(|(own, _)| *own == token)?;
        Some(self.0.swap_remove(place).1)
    }

    /// Removes and returns all calls.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Fetch> + use<> {
        mem::take(&mut self.0).into_iter().map(|(_, fetch)| fetch)
    }
}

impl Caller for Calls {
    /// The current context must be the root's: a call that belongs to a stream ends with it.
    fn call(&mut self, fetch: &Fetch) -> Result<(), CallError> {
        let cluster = &fetch.endpoint.cluster;
        // The SDK's own function is used because its dispatcher only delivers responses to calls
        // that it made.
        let token =
            hostcalls::dispatch_http_call(cluster, fetch.headers(), None, vec![], fetch.timeout);
        match token {
            Ok(token) => self.0.push((token, fetch.clone())),
            Err(Status::BadArgument) => return Err(CallError::NoCluster),
            Err(_) => return Err(CallError::Refused),
        }
        Ok(())
    }
}

/// Passes the current response to `take`.
pub(super) fn receive<T>(
    headers: usize,
    body_size: usize,
    take: impl FnOnce(&Received<'_>) -> T,
) -> T {
    let map = match headers {
        0 => Vec::new(),
        _ => abi::header_map(MapType::HttpCallResponseHeaders).unwrap_or_default(),
    };
    take(&Received {
        headers: &pairs::decode(&map).unwrap_or_default(),
        body_size,
        body: &|| abi::buffer(BufferType::HttpCallResponseBody, body_size).ok(),
    })
}
