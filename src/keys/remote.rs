//! The configuration of fetched keys.

use core::time::Duration;

use crate::{jose::KeySetLimits, keys::Endpoint, time};

/// Keys that are fetched through the proxy's clusters, and how they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteKeys {
    /// Where the JWKS is.
    pub location: JwksLocation,
    /// Longest time for one call.
    pub timeout: Duration,
    /// How long fetched keys are fresh; `None` leaves it to the server's `Cache-Control`.
    pub cache_duration: Option<Duration>,
    /// How long the last good keys serve after their freshness ended, while fetching fails.
    pub max_stale: Duration,
    /// Least time between two fetches caused by unknown kids.
    pub unknown_kid_cooldown: Duration,
    /// The answer to a token with an unknown kid while no fetch may begin for it.
    pub unknown_kid_answer: UnknownKidAnswer,
    /// The back-off after a failure.
    pub retry: RetryPolicy,
}

impl RemoteKeys {
    /// The whole source as text, for workers and configurations that share its record. Two sources that differ
    /// in what is fetched, or in what makes a fetch fail, must differ here; otherwise the failures of one would
    /// keep the other from its keys.
    #[must_use]
    pub fn identity(&self, limits: KeySetLimits) -> String {
        let location = match &self.location {
            JwksLocation::Configured(endpoint) => {
                format!("remote_jwks {:?} {:?}", endpoint.cluster, endpoint.uri)
            }
            JwksLocation::Discovered(discovery) => {
                let cluster = discovery
                    .metadata
                    .first()
                    .map(|place| place.cluster.as_str());
                let (issuer, jwks_cluster) = (&discovery.issuer, &discovery.jwks_cluster);
                format!("discovery {cluster:?} {jwks_cluster:?} {issuer:?}")
            }
        };
        let KeySetLimits { bytes, keys } = limits;
        let timeout = time::milliseconds(self.timeout);
        format!("{location} {timeout} {bytes} {keys}")
    }
}

/// The answer to a token whose key may have been published since the last fetch, while the
/// cool-down or the back-off prevents a new fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownKidAnswer {
    /// 401: the token counts as forged.
    #[default]
    Invalid,
    /// 503 with `Retry-After`: the client keeps the token and tries again.
    Unavailable,
}

/// Where a JWKS is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksLocation {
    /// At a configured address (`remote_jwks`).
    Configured(Endpoint),
    /// At the address in the authorization server's metadata (`discovery`).
    Discovered(Discovery),
}

/// The metadata of an authorization server (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The configured issuer, which the metadata must name.
    pub issuer: String,
    /// Where the metadata may be; the first address that has any counts.
    pub metadata: Vec<Endpoint>,
    /// The proxy's cluster for fetching the keys, whatever address the metadata gives.
    pub jwks_cluster: String,
}

/// Exponential back-off: `base`, doubled with each failure, at most `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Wait after the first failure.
    pub base: Duration,
    /// Longest wait.
    pub max: Duration,
}
