//! Fetching keys, sharing them between workers, and deciding how long keys may verify tokens.
//!
//! Given a [`Record`] and the time, [`freshness`] decides whether keys may serve (verify tokens)
//! and whether a fetch is due. [`store`] synchronizes the records of all key sources with the data
//! that workers share. So if one worker fetches keys, all workers get them. This module makes no
//! network calls: a [`Fetch`] is a value that describes a call, and the shell (the code in `envoy/`
//! that calls the proxy) makes the call.

mod caching;
mod discovery;
mod document;
mod endpoint;
mod envoy;
mod error;
mod fetch;
mod freshness;
mod id;
mod news;
mod record;
mod records;
mod remote;
mod replica;
mod retry;
mod source;
mod status;
mod store;
mod timing;

pub use self::{
    caching::Caching,
    document::Document,
    endpoint::{Endpoint, without_query},
    envoy::{LONGEST_REASON, Received},
    error::{FetchError, PreloadError},
    fetch::{Fetch, FetchCause, FetchOutcome, FetchResponse, Progress, WantedKeys},
    freshness::Serving,
    id::{KeySetVersion, SourceId},
    news::News,
    record::{Order, Record},
    records::{Reading, Records, Unshared, Version, WriteError},
    remote::{Discovery, JwksLocation, RemoteKeys, UnknownKidAnswer},
    retry::RetryPolicy,
    status::{KeyReport, KeyStatus},
    store::{KeyStore, Keys},
    timing::Timing,
};

/// Records and fetches pass between threads, so they must be `Send` and `Sync`.
const _: fn() = || {
    fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<Record>();
    crosses_threads::<Fetch>();
};
