//! A fetch of one source's keys: a series of calls with one outcome. A source is a key set that one
//! or more providers fetch with the same settings.
//!
//! A [`Fetch`] is a value that describes one call. The shell (the code in `envoy/` that calls the
//! proxy) makes the call and passes the value back with the response. If the address of the JWKS is
//! configured, a fetch takes one call. If the issuer's metadata gives the address (`discovery`),
//! the fetch needs one or two calls for the metadata before that call.

use core::time::Duration;

use crate::{
    jose::Nameless,
    keys::{
        Caching, Discovery, Endpoint, FetchError, JwksLocation, RemoteKeys, SourceId, discovery,
    },
    policy::ProviderId,
    time::UnixMillis,
};

/// Why keys are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchCause {
    /// The source has no keys, or its keys are stale or will soon become stale.
    Freshness,
    /// The `kid` of a token is not in the key set.
    UnknownKid,
}

/// Keys that a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedKeys {
    /// The source of the keys.
    pub source: SourceId,
    /// Why the keys have to be fetched.
    pub cause: FetchCause,
    /// The generation of the key set that lacked the keys (see [`Order`](super::Order)).
    pub generation: u64,
}

/// A call for the keys of one source, or for the metadata that contains the address of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The source that the keys belong to.
    pub(super) source: SourceId,
    /// The time when the lease (the worker's right to fetch) ends. This time also identifies the
    /// lease. If another worker takes a new lease before the response arrives, the response is
    /// discarded.
    pub(super) lease: UnixMillis,
    /// What the call requests.
    pub(super) step: Step,
    /// Why the first metadata address returned no usable metadata, if this call is for the next
    /// metadata address. Otherwise `None`.
    pub(super) fault: Option<FetchError>,
    /// Where to send the call.
    pub endpoint: Endpoint,
    /// The entity tag of the current key set, sent as `If-None-Match`.
    pub if_none_match: Option<String>,
    /// The timeout of the call.
    pub timeout: Duration,
}

/// What a call requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The issuer's metadata, at the address with this index.
    Metadata(usize),
    /// The key set.
    Jwks,
}

/// The response to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchResponse {
    /// 200 with a body.
    Document {
        /// The body.
        body: Vec<u8>,
        /// The caching headers.
        caching: Caching,
    },
    /// 304: the document has not changed (RFC 9110 section 15.4.5).
    NotModified {
        /// The caching headers.
        caching: Caching,
    },
}

/// How a fetch continues after a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The caller must make this call next.
    Next(Fetch),
    /// The fetch has ended.
    Ended(FetchOutcome),
    /// Another worker took a new lease before the response arrived, so the response was discarded.
    Superseded,
}

/// The outcome of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOutcome {
    /// The providers that use the keys of this source.
    pub providers: Vec<ProviderId>,
    /// The URI of the last call, without its query. The query may contain a secret.
    pub uri: String,
    /// The cluster of the last call.
    pub cluster: String,
    /// The number of failed fetches in a row before this fetch.
    pub failures: u32,
    /// Why the previous fetch failed; `None` if the previous fetch succeeded.
    pub previous: Option<FetchError>,
    /// The number of usable keys, or the reason why the fetch failed.
    pub keys: Result<usize, FetchError>,
    /// A warning, if the document has changed and several of its keys have no `kid`.
    pub nameless: Option<Nameless>,
}

impl FetchOutcome {
    /// Returns whether this outcome should be logged. If the same failure repeats, it is logged at
    /// growing intervals: after 2, 4, 8 and so on up to 256 failures in a row, and from then on
    /// once per 256 failures.
    #[must_use]
    pub fn is_news(&self) -> bool {
        let failures = self.failures.saturating_add(1);
        self.keys.is_ok()
            || self.keys.err() != self.previous
            || failures.is_power_of_two()
            || failures.is_multiple_of(256)
    }
}

impl Fetch {
    /// The first call of a fetch for `source`.
    pub(super) fn first(source: SourceId, keys: &RemoteKeys, lease: UnixMillis) -> Option<Self> {
        let (step, endpoint) = match &keys.location {
            JwksLocation::Configured(endpoint) => (Step::Jwks, endpoint),
            JwksLocation::Discovered(discovery) => (Step::Metadata(0), discovery.metadata.first()?),
        };
        Some(Self {
            source,
            lease,
            step,
            fault: None,
            endpoint: endpoint.clone(),
            if_none_match: None,
            timeout: keys.timeout,
        })
    }

    /// The call that follows a call for metadata.
    pub(super) fn after_metadata(
        &self,
        index: usize,
        response: Result<FetchResponse, FetchError>,
        discovery: &Discovery,
    ) -> Result<Self, FetchError> {
        let read = match response {
            Ok(FetchResponse::Document { body, .. }) => discovery::jwks_endpoint(&body, discovery),
            Ok(FetchResponse::NotModified { .. }) => Err(FetchError::Status(304)),
            Err(error) => Err(error),
        };
        let (step, fault, endpoint) = match read {
            Ok(endpoint) => (Step::Jwks, None, endpoint),
            // After one of these errors, the metadata may still be at the next address. After any
            // other error, the next address would fail too, because all addresses are on the same
            // server.
            Err(error @ (FetchError::Metadata | FetchError::Status(400..=499))) => {
                // One address may return a document that is not metadata, and the other a 4xx
                // status. The error about the document is reported then, because it tells the
                // operator more.
                let fault = self.fault.unwrap_or(error);
                let next = index.saturating_add(1);
                let endpoint = discovery.metadata.get(next).ok_or(match error {
                    FetchError::Metadata => error,
                    _ => fault,
                })?;
                (Step::Metadata(next), Some(fault), endpoint.clone())
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            step,
            fault,
            endpoint,
            ..self.clone()
        })
    }

    /// The headers of the call, including pseudo-headers.
    #[must_use]
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let mut headers = vec![
            (":method", "GET"),
            (":scheme", self.endpoint.scheme),
            (":authority", self.endpoint.authority.as_str()),
            (":path", self.endpoint.path.as_str()),
            ("accept", self.accept()),
        ];
        let etag = self.if_none_match.as_deref();
        headers.extend(etag.map(|etag| ("if-none-match", etag)));
        headers
    }

    const fn accept(&self) -> &'static str {
        match self.step {
            Step::Metadata(_) => "application/json",
            Step::Jwks => "application/jwk-set+json, application/json",
        }
    }
}
