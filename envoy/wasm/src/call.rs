//! Calls to authorization servers. The proxy makes these calls through its clusters.

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

/// The calls in progress. The host identifies each call by a token (a number).
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<(u32, Fetch)>);

impl Calls {
    /// Returns whether no call is in progress.
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
    /// Makes a call. The root context must be the current context: a call made by the context of a
    /// stream would end with that stream.
    fn call(&mut self, fetch: &Fetch) -> Result<(), CallError> {
        let cluster = &fetch.endpoint.cluster;
        // The call is made with the SDK's function, because the SDK's dispatcher delivers only the
        // responses to calls that were made with this function.
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

/// Passes the response that has just arrived to `take`.
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
