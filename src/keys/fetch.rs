//! Fetches: the calls for one key source, one after the other, and their outcome.
//!
//! A [`Fetch`] is a value. The shell makes the call and hands the value back with the response.
//! Keys at a configured address take one call. Keys of an issuer take one or two more, for its
//! metadata.

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
    /// There are no keys, or their freshness is about to end.
    Freshness,
    /// A token names a key that is not in the set.
    UnknownKid,
}

/// A call to make for a key source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The source that the keys belong to.
    pub(super) source: SourceId,
    /// The end of the lease, which identifies it. A response that arrives after another worker took
    /// the lease is discarded.
    pub(super) lease: UnixMillis,
    /// What the call requests.
    pub(super) step: Step,
    /// The error of the metadata at the previous address.
    pub(super) fault: Option<FetchError>,
    /// Where to send the call.
    pub endpoint: Endpoint,
    /// The entity tag of the present key set.
    pub if_none_match: Option<String>,
    /// Longest time for the call.
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
    /// 304: the present document is still current (RFC 9110 section 15.4.5).
    NotModified {
        /// The caching headers.
        caching: Caching,
    },
}

/// What follows a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another call.
    Next(Fetch),
    /// The fetch has ended.
    Ended(FetchOutcome),
    /// Nothing: another worker had taken the lease before the response arrived.
    Superseded,
}

/// The outcome of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOutcome {
    /// The providers whose keys these are.
    pub providers: Vec<ProviderId>,
    /// The URI of the last call.
    pub uri: String,
    /// The number of failed fetches in a row before this one.
    pub failures: u32,
    /// The number of usable keys, or why there are no new ones.
    pub keys: Result<usize, FetchError>,
    /// Several keys without `kid`, if the document has changed.
    pub nameless: Option<Nameless>,
}

impl Fetch {
    /// The first call for keys of `source`.
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

    /// The call that follows a response with metadata.
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
            // The metadata may be at the other address. A server that does not respond has no other
            // address.
            Err(error @ (FetchError::Metadata | FetchError::Status(400..=499))) => {
                // A wrong document is better evidence than a missing one.
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
