//! The settings for fetching a provider's keys.

use core::time::Duration;

use crate::{
    jose::KeySetLimits,
    keys::{Endpoint, RetryPolicy},
    time,
};

/// Where and when keys are fetched, and how long they may serve (verify tokens).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteKeys {
    /// The location of the JWKS.
    pub location: JwksLocation,
    /// The timeout of each call.
    pub timeout: Duration,
    /// How long fetched keys are fresh. `None` if the server's `Cache-Control` decides.
    pub cache_duration: Option<Duration>,
    /// How long keys may still serve after they stop being fresh. This keeps requests working while
    /// fetches fail.
    pub max_stale: Duration,
    /// The minimum time between two fetches caused by unknown kids.
    pub unknown_kid_cooldown: Duration,
    /// The answer to a request whose token has an unknown kid, when no new fetch may begin.
    pub unknown_kid_answer: UnknownKidAnswer,
    /// How long to wait after a failed fetch before the next attempt.
    pub retry: RetryPolicy,
}

impl RemoteKeys {
    /// A string that identifies the shared record of these keys. Workers and configurations with
    /// equal strings share one record. Two sources need different strings if they fetch different
    /// keys, or if a fetch can fail for one source and succeed for the other. Otherwise the failing
    /// source would keep the other source from getting keys.
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

/// The answer to a request whose token has an unknown kid, while the cool-down or the back-off
/// prevents a new fetch. Such a token may be valid if its key was published after the last fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownKidAnswer {
    /// 401: the token counts as forged.
    #[default]
    Invalid,
    /// 503 with `Retry-After`, so that the client keeps the token and tries again.
    Unavailable,
}

/// The location of a JWKS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksLocation {
    /// At a configured address (`remote_jwks`).
    Configured(Endpoint),
    /// At the address in the authorization server's metadata (`discovery`).
    Discovered(Discovery),
}

/// Where to find an authorization server's metadata (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
/// The metadata gives the address of the JWKS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The configured issuer, which the metadata must name.
    pub issuer: String,
    /// The addresses of the metadata, tried in this order. The first address that returns metadata
    /// is used.
    pub metadata: Vec<Endpoint>,
    /// The cluster through which the keys are fetched. The metadata cannot change the cluster, even
    /// if its `jwks_uri` names another host.
    pub jwks_cluster: String,
}
