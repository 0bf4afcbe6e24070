//! What stands in shared data about one key source.
//!
//! One JSON document per source. It repeats whose it is, and what does not fit or parse counts as
//! absent: other modules with the same `vm_id` can write here, so nothing read is trusted further
//! than the key set inside it parses. That is no authentication; an own `vm_id` is.

use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{config::RemoteJwks, time::UnixMillis};

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
    /// When it was fetched.
    pub fetched_at: Option<UnixMillis>,
    /// When a fetch was last begun.
    pub attempted_at: Option<UnixMillis>,
    /// Failures since the last success.
    pub failures: u32,
    /// Why the last fetch failed, if it did.
    pub last_error: Option<FetchError>,
    /// Until when a worker has the right to fetch.
    pub lease_until: Option<UnixMillis>,
    /// When an unknown kid last caused a fetch.
    pub unknown_kid_at: Option<UnixMillis>,
}

/// Why a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FetchError {
    /// The proxy has no such cluster, or refused the call.
    Cluster,
    /// The answer is no JWKS with a usable key.
    Document,
    /// The answer's status is not 200.
    Status(u16),
    /// The answer is larger than `limits.jwks_bytes`.
    TooLarge,
    /// No answer: connection refused or reset, or time ran out.
    Unreachable,
}

impl Record {
    /// The record of a source that was never fetched.
    #[must_use]
    pub fn new(source: &RemoteJwks) -> Self {
        Self {
            version: VERSION,
            source: identity(source),
            ..Self::default()
        }
    }

    /// Reads a record of `source`; `None` for anything else.
    #[must_use]
    pub fn decode(bytes: &[u8], source: &RemoteJwks) -> Option<Self> {
        let record: Self = serde_json::from_slice(bytes).ok()?;
        (record.version == VERSION && record.source == identity(source)).then_some(record)
    }

    /// The document for shared data.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Plain fields and text serialize without fail; an empty value reads back as absent.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => formatter.write_str("the proxy refuses to call the cluster"),
            Self::Document => formatter.write_str("the answer is no JWKS with a usable key"),
            // What the proxy says of a server that it cannot reach, or that does not answer in time.
            Self::Status(status @ (503 | 504)) => write!(
                formatter,
                "no answer within the timeout, or an error of the server's own (status {status})"
            ),
            Self::Status(status) => write!(formatter, "the answer has status {status}"),
            Self::TooLarge => formatter.write_str("the answer is larger than limits.jwks_bytes"),
            Self::Unreachable => formatter.write_str("no answer within the timeout"),
        }
    }
}

impl core::error::Error for FetchError {}

/// The name of the record in shared data. A provider's name is no part of it: two configurations
/// could use one name for two authorization servers, and must not share keys.
#[must_use]
pub(super) fn shared_data_key(source: &RemoteJwks) -> String {
    let digest = Sha256::digest(identity(source).as_bytes());
    let mut key = String::from("portcullis/1/");
    for byte in digest {
        key.push_str(&format!("{byte:02x}"));
    }
    key
}

/// The whole source: two that differ in anything that is fetched differ here.
fn identity(source: &RemoteJwks) -> String {
    format!("remote_jwks {} {}", source.cluster, source.uri)
}
