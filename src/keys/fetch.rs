//! A fetch: the calls to make for a key source, one after the other, and what comes of them.
//!
//! A fetch is a value that the shell carries out and hands back with the answer. Keys at a
//! configured place take one call; those of an issuer take one more, or two, for its metadata.

use core::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{
    jose::Nameless,
    keys::{Caching, Endpoint, JwksLocation, RemoteKeys, SourceId, discovery},
    policy::ProviderId,
    time::UnixMillis,
};

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
    pub timeout_ms: u64,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The issuer's metadata, at the place with this index.
    Metadata(usize),
    /// The key set.
    Jwks,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
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

/// What follows an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another call.
    Next(Fetch),
    /// The fetch has ended.
    Ended(FetchOutcome),
    /// Nothing: the answer came after the right to fetch had gone to another worker.
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

/// Why a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchError {
    /// The proxy has no such cluster, or refused the call.
    Cluster,
    /// The answer is no JWKS with a usable key.
    Document,
    /// The metadata is of another issuer.
    Issuer,
    /// The metadata's `jwks_uri` is no URL that keys may be fetched from.
    JwksUri,
    /// The answer is no authorization server metadata.
    Metadata,
    /// The answer's status is not 200.
    Status(u16),
    /// The answer is larger than `limits.jwks_bytes`.
    TooLarge,
    /// No answer: connection refused or reset, or time ran out.
    Unreachable,
}

impl FetchError {
    /// The error that is serialized as `value`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "as records read their fields"
    )]
    pub(super) fn read(value: Value) -> Option<Self> {
        match value.as_str() {
            Some("cluster") => Some(Self::Cluster),
            Some("document") => Some(Self::Document),
            Some("issuer") => Some(Self::Issuer),
            Some("jwks_uri") => Some(Self::JwksUri),
            Some("metadata") => Some(Self::Metadata),
            Some("too_large") => Some(Self::TooLarge),
            Some("unreachable") => Some(Self::Unreachable),
            Some(_) => None,
            None => {
                let members = value.as_object().filter(|members| members.len() == 1)?;
                let status = members.get("status")?.as_u64()?;
                u16::try_from(status).ok().map(Self::Status)
            }
        }
    }
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
            timeout_ms: keys.timeout_ms,
        })
    }

    /// The call that follows metadata's answer.
    pub(super) fn after_metadata(
        &self,
        index: usize,
        answer: Result<Answer, FetchError>,
        keys: &RemoteKeys,
    ) -> Result<Self, FetchError> {
        let JwksLocation::Discovered(discovery) = &keys.location else {
            return Err(FetchError::Metadata);
        };
        let read = match answer {
            Ok(Answer::Document { body, .. }) => discovery::jwks_endpoint(&body, discovery),
            Ok(Answer::NotModified { .. }) => Err(FetchError::Status(304)),
            Err(error) => Err(error),
        };
        let (step, fault, endpoint) = match read {
            Ok(endpoint) => (Step::Jwks, None, endpoint),
            // It may stand at the other place. A server that does not answer has no other.
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

    /// What the call accepts.
    #[must_use]
    pub fn accept(&self) -> &'static str {
        match self.step {
            Step::Metadata(_) => "application/json",
            Step::Jwks => "application/jwk-set+json, application/json",
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cluster => "the proxy refuses to call the cluster",
            Self::Document => "the answer is no JWKS with a usable key",
            Self::Issuer => "the metadata names another issuer than the configured one",
            Self::JwksUri => {
                "the metadata's jwks_uri is no https URL (http, where the issuer is http)"
            }
            Self::Metadata => "the issuer's metadata has no issuer and jwks_uri",
            // What the proxy says of a server that it cannot reach, or that does not answer in time.
            Self::Status(status @ (503 | 504)) => {
                return write!(
                    formatter,
                    "no answer within the timeout, or an error of the server's own (status {status})"
                );
            }
            Self::Status(status) => return write!(formatter, "the answer has status {status}"),
            Self::TooLarge => "the answer is larger than limits.jwks_bytes",
            Self::Unreachable => "no answer within the timeout",
        })
    }
}

impl core::error::Error for FetchError {}
