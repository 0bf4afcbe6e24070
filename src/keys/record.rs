//! What stands in shared data about one key source.
//!
//! One JSON document per source. It names its source; a document that does not match or parse
//! counts as absent. Other modules with the same `vm_id` can write here. A `vm_id` of its own keeps
//! their keys out, and so does the tag that `shared_memory_key` puts before the document
//! ([`shared_record`](crate::shared_record)).
//!
//! Leases, failures and the cool-down for unknown kids are part of the record, so the tag covers
//! all that workers tell each other about keys.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    jose::{KeySetLimits, SecretKey},
    json,
    keys::{FetchError, JwksLocation, RemoteKeys},
    shared_record::SharedRecord,
    time::UnixMillis,
};

const VERSION: u32 = 2;

/// The version in the record's name.
const KIND: &str = "2";

/// What is known of one key source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Record {
    version: u32,
    /// Whose record this is.
    source: String,
    /// Orders key sets: a later fetch has a greater one, even if the clock went back.
    generation: u64,
    /// Orders the writes of one generation.
    revision: u64,
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

/// Orders the records of one source: first by key set, then by write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    generation: u64,
    revision: u64,
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
        let record = read(json::parse_object(bytes).ok()?)?;
        (record.version == VERSION && record.source == identity(source, limits)).then_some(record)
    }

    /// Its place among the records of its source. The key set counts first, since a writer that did
    /// not know it carries an older one on. The later of two records is greater.
    pub(super) const fn order(&self) -> Order {
        Order {
            generation: self.generation,
            revision: self.revision,
        }
    }

    /// Prepares the record for a write.
    pub(super) fn revise(&mut self) {
        self.revision = self.revision.saturating_add(1);
    }

    /// Records that a key set was fetched or confirmed. The generation follows the clock, so that a
    /// worker that knows no earlier fetch still counts as later. If the clock went back, it follows
    /// the former generation.
    pub(super) fn begin_generation(&mut self, now: UnixMillis) {
        self.generation = self.generation.saturating_add(1).max(now.as_u64());
    }

    /// The document for shared data.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Plain fields and text serialize without fail; an empty value reads back as absent.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The record that [`Record::encode`] wrote; `None` for any other object.
///
/// By hand, since derived code for it is large, and its errors, which nobody would see, larger still.
fn read(members: Map<String, Value>) -> Option<Record> {
    let (mut version, mut source, mut failures) = (None, None, None);
    let (mut generation, mut revision) = (None, None);
    let mut record = Record::default();
    for (name, value) in members {
        match name.as_str() {
            "version" => version = number(value),
            "source" => source = text(value),
            "generation" => generation = number(value),
            "revision" => revision = number(value),
            "jwks" => record.jwks = optional(value, text)?,
            "uri" => record.uri = optional(value, text)?,
            "etag" => record.etag = optional(value, text)?,
            "max_age" => record.max_age = optional(value, number)?,
            "fetched_at" => record.fetched_at = optional(value, time)?,
            "attempted_at" => record.attempted_at = optional(value, time)?,
            "failures" => failures = number(value),
            "last_error" => record.last_error = optional(value, FetchError::read)?,
            "lease_until" => record.lease_until = optional(value, time)?,
            "unknown_kid_at" => record.unknown_kid_at = optional(value, time)?,
            _ => return None,
        }
    }
    record.version = u32::try_from(version?).ok()?;
    record.source = source?;
    (record.generation, record.revision) = (generation?, revision?);
    record.failures = u32::try_from(failures?).ok()?;
    Some(record)
}

/// What `read` makes of a value that may be null.
fn optional<T>(value: Value, read: fn(Value) -> Option<T>) -> Option<Option<T>> {
    match value {
        Value::Null => Some(None),
        value => read(value).map(Some),
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `optional` calls it")]
fn number(value: Value) -> Option<u64> {
    value.as_u64()
}

fn time(value: Value) -> Option<UnixMillis> {
    number(value).map(UnixMillis::new)
}

/// The place in shared data. A provider's name is no part of its name: two configurations could use
/// one name for two authorization servers, and must not share keys.
#[must_use]
pub(super) fn shared(
    source: &RemoteKeys,
    limits: KeySetLimits,
    key: Option<&SecretKey>,
) -> SharedRecord {
    SharedRecord::about(KIND, &identity(source, limits), key)
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn reads(text: &str) -> Option<Record> {
        read(json::parse_object(text.as_bytes()).ok()?)
    }

    fn full() -> Record {
        Record {
            version: VERSION,
            source: "source".to_owned(),
            generation: 7,
            revision: 8,
            jwks: Some("{}".to_owned()),
            uri: Some("https://a.example/jwks".to_owned()),
            etag: Some("\"1\"".to_owned()),
            max_age: Some(1),
            fetched_at: Some(UnixMillis::new(2)),
            attempted_at: Some(UnixMillis::new(3)),
            failures: 4,
            last_error: None,
            lease_until: Some(UnixMillis::new(5)),
            unknown_kid_at: Some(UnixMillis::new(6)),
        }
    }

    #[test]
    fn reads_every_record_that_is_written() {
        let errors = [
            FetchError::Cluster,
            FetchError::Document,
            FetchError::Issuer,
            FetchError::JwksUri,
            FetchError::Metadata,
            FetchError::Status(503),
            FetchError::TooLarge,
            FetchError::Unreachable,
        ];
        let failed = errors.map(|error| Record {
            last_error: Some(error),
            ..full()
        });
        for record in failed.into_iter().chain([Record::default(), full()]) {
            let written = String::from_utf8(record.encode()).unwrap();
            assert_eq!(reads(&written), Some(record), "{written}");
        }
    }

    #[test]
    fn reads_nothing_else() {
        let least = r#"{"version":1,"source":"s","generation":1,"revision":1,"failures":0}"#;
        assert!(reads(least).is_some());
        for (part, other) in [
            (r#","failures":0"#, ""),
            (r#""generation":1,"#, ""),
            (r#""revision":1"#, r#""revision":-1"#),
            ("0}", "-1}"),
            ("0}", "4294967296}"),
            ("0}", "0,\"more\":1}"),
            ("0}", "0,\"jwks\":1}"),
            ("0}", "0,\"max_age\":\"1\"}"),
            ("0}", "0,\"last_error\":\"other\"}"),
            ("0}", "0,\"last_error\":{\"status\":65536}}"),
            ("0}", "0,\"last_error\":{\"status\":500,\"more\":1}}"),
            ("\"s\"", "null"),
        ] {
            let text = least.replace(part, other);
            assert_ne!(text, least);
            assert_eq!(reads(&text), None, "{text}");
        }
    }
}
