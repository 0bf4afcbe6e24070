//! The life of fetched keys.
//!
//! [`freshness`] says, as a pure function of a [`Record`] and the time, whether keys may serve and
//! whether to fetch; [`store`] keeps the records of all sources in step with the proxy's shared
//! data, where one worker's fetch serves all. Nothing here calls anyone: a fetch is a value
//! ([`Fetch`]) that the shell carries out.

mod freshness;
mod record;
mod store;

pub use self::{
    freshness::{FetchCause, Serving, Timing},
    record::{FetchError, Record},
    store::{Fetch, FetchOutcome, KeyStore, Keys, SourceId},
};
