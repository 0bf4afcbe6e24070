//! A fetch: the calls to make for a key source, one after the other, and what comes of them.
//!
//! A fetch is a value that the shell carries out and hands back with the response. Keys at a
//! configured place take one call; those of an issuer take one more, or two, for its metadata.

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
    /// There are none, or they are about to stop being fresh.
    Freshness,
    /// A token names a key that is not in the set.
    UnknownKid,
}

/// A call to make for a key source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// For whom.
    pub(super) source: SourceId,
    /// The right to fetch, by its end: what comes after another took it is thrown away.
    pub(super) lease: UnixMillis,
    /// What is asked for.
    pub(super) step: Step,
    /// What was wrong with the metadata at the place before.
    pub(super) fault: Option<FetchError>,
    /// Where to.
    pub endpoint: Endpoint,
    /// The entity tag of the key set that is there already.
    pub if_none_match: Option<String>,
    /// Longest time for the call.
    pub timeout: Duration,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The issuer's metadata, at the place with this index.
    Metadata(usize),
    /// The key set.
    Jwks,
}

/// The response to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchResponse {
    /// 200, with its body.
    Document {
        /// The body.
        body: Vec<u8>,
        /// What its headers say about caching.
        caching: Caching,
    },
    /// 304: what is there still stands (RFC 9110 section 15.4.5).
    NotModified {
        /// What its headers say about caching.
        caching: Caching,
    },
}

/// What follows an response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another call.
    Next(Fetch),
    /// The fetch has ended.
    Ended(FetchOutcome),
    /// Nothing: the response came after the right to fetch had gone to another worker.
    Superseded,
}

/// What came of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOutcome {
    /// The providers whose keys these are.
    pub providers: Vec<ProviderId>,
    /// What the last call asked for.
    pub uri: String,
    /// How many fetches had failed before, one after the other.
    pub failures: u32,
    /// The number of usable keys, or why there are none new.
    pub keys: Result<usize, FetchError>,
    /// Several keys without `kid` in a document that has changed.
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

    /// The call that follows metadata's response.
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
            // It may stand at the other place. A server that does not response has no other.
            Err(error @ (FetchError::Metadata | FetchError::Status(400..=499))) => {
                // A document that is wrong says more than that there is none.
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

    /// The call's headers, pseudo-headers included.
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
