//! The life of fetched keys.
//!
//! [`freshness`] says, as a pure function of a [`Record`] and the time, whether keys may serve and
//! whether to fetch; [`store`] keeps the records of all sources in step with the proxy's shared
//! data, where one worker's fetch serves all. Nothing here calls anyone: a [`Fetch`] is a value that
//! the shell carries out.

mod caching;
mod discovery;
mod endpoint;
mod error;
mod fetch;
mod freshness;
mod id;
mod record;
mod remote;
mod response;
mod seen;
mod source;
mod status;
mod store;

pub use self::{
    caching::Caching,
    endpoint::Endpoint,
    error::FetchError,
    fetch::{Answer, Fetch, FetchOutcome, Progress},
    freshness::{FetchCause, Serving, Timing},
    id::{KeySetVersion, SourceId},
    record::Record,
    remote::{Discovery, JwksLocation, RemoteKeys, RetryPolicy, UnknownKidAnswer},
    response::Received,
    seen::SeenRecords,
    status::{Account, Standing},
    store::{KeyStore, Keys, clear},
};
