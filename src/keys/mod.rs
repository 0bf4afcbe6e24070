//! The life of fetched keys.
//!
//! [`freshness`] decides from a [`Record`] and the time whether keys may serve and whether a fetch
//! is due. [`store`] keeps the records of all sources in step with the data that workers share, so
//! that one worker's fetch serves all. Nothing here makes a call: a [`Fetch`] is a value that the
//! shell carries out.

mod caching;
mod discovery;
mod document;
mod endpoint;
mod error;
mod fetch;
mod freshness;
mod id;
mod record;
mod records;
mod remote;
mod response;
mod source;
mod status;
mod store;
mod timing;

pub use self::{
    caching::Caching,
    document::Document,
    endpoint::Endpoint,
    error::{FetchError, PreloadError},
    fetch::{Fetch, FetchCause, FetchOutcome, FetchResponse, Progress},
    freshness::Serving,
    id::{KeySetVersion, SourceId},
    record::{Order, Record},
    records::{Reading, Records, Unshared, Version, WriteError},
    remote::{Discovery, JwksLocation, RemoteKeys, RetryPolicy, UnknownKidAnswer},
    response::Received,
    status::{KeyReport, KeyStatus},
    store::{KeyStore, Keys},
    timing::Timing,
};

/// The workers of a process share what they fetch.
const _: fn() = || {
    fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<Record>();
    crosses_threads::<Fetch>();
};
