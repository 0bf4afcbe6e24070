//! What stands in shared data about one key source.
//!
//! One JSON document per source. It repeats whose it is, and what does not fit or parse counts as
//! absent: other modules with the same `vm_id` can write here, so nothing read is trusted further
//! than the key set inside it parses. That is no authentication; an own `vm_id` is.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    config::{JwksLocation, RemoteKeys},
    jose::KeySetLimits,
    keys::FetchError,
    time::UnixMillis,
};

const VERSION: u32 = 1;

/// What is known of one key source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// Whose record this is.
    source: String,
    /// The last good document.
    pub jwks: Option<String>,
    /// Where it came from.
    pub uri: Option<String>,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Seconds for which the server said that it is fresh.
    pub max_age: Option<u64>,
    /// When it was fetched, or last confirmed.
    pub fetched_at: Option<UnixMillis>,
    /// When a fetch was last begun.
    pub attempted_at: Option<UnixMillis>,
    /// Failures since the last success.
    pub failures: u32,
    /// Why the last fetch failed, if it did.
    pub last_error: Option<FetchError>,
    /// Until when a worker has the right to fetch. Stands for that right: no two have one end.
    pub lease_until: Option<UnixMillis>,
    /// When an unknown kid last caused a fetch.
    pub unknown_kid_at: Option<UnixMillis>,
}

impl Record {
    /// The record of a source that was never fetched.
    #[must_use]
    pub fn new(source: &RemoteKeys, limits: KeySetLimits) -> Self {
        Self {
            version: VERSION,
            source: identity(source, limits),
            ..Self::default()
        }
    }

    /// Reads a record of `source`; `None` for anything else.
    #[must_use]
    pub fn decode(bytes: &[u8], source: &RemoteKeys, limits: KeySetLimits) -> Option<Self> {
        let record: Self = serde_json::from_slice(bytes).ok()?;
        (record.version == VERSION && record.source == identity(source, limits)).then_some(record)
    }

    /// The document for shared data.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Plain fields and text serialize without fail; an empty value reads back as absent.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The name of the record in shared data. A provider's name is no part of it: two configurations
/// could use one name for two authorization servers, and must not share keys.
#[must_use]
pub(super) fn shared_data_key(source: &RemoteKeys, limits: KeySetLimits) -> String {
    let digest = Sha256::digest(identity(source, limits).as_bytes());
    let mut key = String::from("portcullis/1/");
    for byte in digest {
        key.push_str(&format!("{byte:02x}"));
    }
    key
}

/// The whole source. Two that differ in what is fetched, or in what makes a fetch fail, differ here:
/// the failures of one would otherwise keep the other from its keys.
fn identity(source: &RemoteKeys, limits: KeySetLimits) -> String {
    let location = match &source.location {
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
    format!("{location} {} {bytes} {keys}", source.timeout_ms)
}
