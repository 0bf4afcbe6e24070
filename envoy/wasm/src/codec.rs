//! Encodes key records as JSON for shared memory, which stores bytes. A key record contains the
//! keys fetched from one source, and the state of fetching them.
//!
//! Each key source has one JSON document, which contains the source's identity. If a document
//! belongs to another source or cannot be parsed, this module treats it as missing.

use serde::Serialize;
use serde_json::{Map, Value};

use portcullis::{
    jose::KeySetLimits,
    json,
    keys::{Document, FetchError, Order, Record},
    time::UnixMillis,
};

/// The version of the format. It is also part of a record's name.
pub(super) const VERSION: u32 = 3;

/// A record as it is written to JSON.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    source: &'a str,
    generation: u64,
    revision: u64,
    jwks: Option<&'a str>,
    uri: Option<&'a str>,
    etag: Option<&'a str>,
    max_age: Option<u64>,
    fetched_at: Option<u64>,
    attempted_at: Option<u64>,
    failures: u32,
    last_error: Option<WrittenError>,
    lease_until: Option<u64>,
    unknown_kid_at: Option<u64>,
}

/// The last error of a record as it is written to JSON: `"timed_out"` or `{"status":503}`.
#[derive(Serialize)]
#[serde(untagged)]
enum WrittenError {
    Status { status: u16 },
    Other(&'static str),
}

/// Encodes a record as a document for shared memory.
pub(super) fn encode(source: &str, record: &Record) -> Vec<u8> {
    let written = Written {
        version: VERSION,
        source,
        generation: record.order.generation,
        revision: record.order.revision,
        jwks: record.document.as_ref().map(Document::text),
        uri: record.uri.as_deref(),
        etag: record.etag.as_deref(),
        max_age: record.max_age,
        fetched_at: record.fetched_at.map(UnixMillis::as_u64),
        attempted_at: record.attempted_at.map(UnixMillis::as_u64),
        failures: record.failures,
        last_error: record.last_error.map(write_error),
        lease_until: record.lease_until.map(UnixMillis::as_u64),
        unknown_kid_at: record.unknown_kid_at.map(UnixMillis::as_u64),
    };
    // Serializing numbers and strings does not fail. If it did, readers would treat the empty value
    // as a missing record.
    serde_json::to_vec(&written).unwrap_or_default()
}

/// Parses a record of `source`. Returns `None` if the bytes are not such a record. `known` is the
/// key set document of the previous record. If the new record has the same document, the document
/// is not parsed again.
pub(super) fn decode(
    bytes: &[u8],
    source: &str,
    limits: KeySetLimits,
    known: Option<&Document>,
) -> Option<Record> {
    let read = read(json::parse_object(bytes).ok()?)?;
    if read.version != VERSION || read.source != source {
        return None;
    }
    let mut record = read.record;
    record.document = read.jwks.and_then(|text| match known {
        Some(known) if known.text() == text => Some(known.clone()),
        _ => Document::parse(text.as_bytes(), limits).ok(),
    });
    // Workers write only documents that they have parsed. So if this document cannot be parsed, it
    // was not written by a worker, and the record is treated as a record without keys.
    if record.document.is_none() {
        record.forget_keys();
    }
    Some(record)
}

/// A record whose key set document is not parsed yet.
#[derive(Debug, PartialEq)]
struct Read {
    version: u32,
    source: String,
    jwks: Option<String>,
    record: Record,
}

/// Parses an object that [`encode`] has written; `None` for any other object.
///
/// This function does not use a derived implementation of `Deserialize`, because the code would be
/// much larger. Most of that code would produce error messages that nobody sees.
fn read(members: Map<String, Value>) -> Option<Read> {
    let (mut version, mut source, mut failures) = (None, None, None);
    let (mut generation, mut revision, mut jwks) = (None, None, None);
    let mut record = Record::default();
    for (name, value) in members {
        match name.as_str() {
            "version" => version = number(value),
            "source" => source = text(value),
            "generation" => generation = number(value),
            "revision" => revision = number(value),
            "jwks" => jwks = optional(value, text)?,
            "uri" => record.uri = optional(value, text)?,
            "etag" => record.etag = optional(value, text)?,
            "max_age" => record.max_age = optional(value, number)?,
            "fetched_at" => record.fetched_at = optional(value, time)?,
            "attempted_at" => record.attempted_at = optional(value, time)?,
            "failures" => failures = number(value),
            "last_error" => record.last_error = optional(value, read_error)?,
            "lease_until" => record.lease_until = optional(value, time)?,
            "unknown_kid_at" => record.unknown_kid_at = optional(value, time)?,
            _ => return None,
        }
    }
    record.order = Order {
        generation: generation?,
        revision: revision?,
    };
    record.failures = u32::try_from(failures?).ok()?;
    Some(Read {
        version: u32::try_from(version?).ok()?,
        source: source?,
        jwks,
        record,
    })
}

/// Calls `read` if the value is not null.
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

#[expect(
    clippy::needless_pass_by_value,
    reason = "`optional` needs this signature"
)]
fn number(value: Value) -> Option<u64> {
    value.as_u64()
}

fn time(value: Value) -> Option<UnixMillis> {
    number(value).map(UnixMillis::new)
}

const fn write_error(error: FetchError) -> WrittenError {
    match error {
        FetchError::Status(status) => WrittenError::Status { status },
        other => WrittenError::Other(other.label()),
    }
}

/// Parses an error that [`write_error`] has converted.
#[expect(
    clippy::needless_pass_by_value,
    reason = "`optional` needs this signature"
)]
fn read_error(value: Value) -> Option<FetchError> {
    if let Some(label) = value.as_str() {
        let mut errors = FetchError::ALL.into_iter();
        return errors.find(|error| error.label() == label);
    }
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let status = members.get("status")?.as_u64()?;
    u16::try_from(status).ok().map(FetchError::Status)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: KeySetLimits = KeySetLimits {
        bytes: 10_000,
        keys: 10,
    };
    const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn reads(text: &str) -> Option<Read> {
        read(json::parse_object(text.as_bytes()).ok()?)
    }

    fn full() -> Record {
        Record {
            order: Order {
                generation: 7,
                revision: 8,
            },
            document: Some(Document::parse(JWKS.as_bytes(), LIMITS).unwrap()),
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
    fn parses_every_record_that_it_encodes() {
        let errors = FetchError::ALL.into_iter();
        let errors = errors.chain([FetchError::Status(503)]);
        let failed = errors.map(|error| Record {
            last_error: Some(error),
            ..full()
        });
        for record in failed.chain([Record::default(), full()]) {
            let written = encode("source", &record);
            let decoded = decode(&written, "source", LIMITS, None);
            assert_eq!(
                decoded,
                Some(record),
                "{}",
                String::from_utf8_lossy(&written)
            );
            assert_eq!(decode(&written, "another source", LIMITS, None), None);
        }
    }

    /// While a new build of the module replaces an old one, workers of both builds share records.
    #[test]
    fn the_format_stays_the_same() {
        let times = r#""max_age":1,"fetched_at":2,"attempted_at":3,"failures":4"#;
        for (last_error, error) in [
            (None, "null"),
            (Some(FetchError::NotConnected), r#""not_connected""#),
            (Some(FetchError::JwksUri), r#""jwks_uri""#),
            (Some(FetchError::Status(503)), r#"{"status":503}"#),
        ] {
            let record = Record {
                document: None,
                last_error,
                ..full()
            };
            let expected = format!(
                r#"{{"version":3,"source":"s","generation":7,"revision":8,"jwks":null,"uri":"https://a.example/jwks","etag":"\"1\"",{times},"last_error":{error},"lease_until":5,"unknown_kid_at":6}}"#
            );
            assert_eq!(
                String::from_utf8(encode("s", &record)),
                Ok(expected),
                "{error}"
            );
        }
    }

    #[test]
    fn the_names_of_errors_stay_the_same() {
        let names = FetchError::ALL.map(FetchError::label).join(" ");
        assert_eq!(
            names,
            "closed cluster document issuer jwks_uri metadata no_cluster no_host not_connected \
             timed_out too_large unreachable"
        );
    }

    #[test]
    fn reads_a_status_only_if_nothing_else_is_with_it() {
        let named = FetchError::ALL.map(|error| (format!("{:?}", error.label()), Some(error)));
        let others = [
            (r#"{"status":503}"#, Some(FetchError::Status(503))),
            (r#"{"status":70000}"#, None),
            (r#"{"status":503,"x":1}"#, None),
            ("{}", None),
            (r#""status""#, None),
            (r#""x""#, None),
            ("503", None),
        ];
        let others = others.map(|(text, expected)| (text.to_owned(), expected));
        for (text, expected) in named.into_iter().chain(others) {
            let value = serde_json::from_str(&text).unwrap();
            assert_eq!(read_error(value), expected, "{text}");
        }
    }

    #[test]
    fn a_document_without_a_usable_key_leaves_no_keys() {
        let text = String::from_utf8(encode("source", &full())).unwrap();
        let record = decode(
            text.replace("Ed25519", "Ed448").as_bytes(),
            "source",
            LIMITS,
            None,
        );
        let record = record.unwrap();
        assert_eq!((record.document, record.fetched_at), (None, None));
    }

    #[test]
    fn a_known_document_is_not_parsed_again() {
        let none = KeySetLimits { bytes: 0, keys: 0 };
        let (record, written) = (full(), encode("source", &full()));
        let known = record.document.as_ref();
        assert_eq!(
            decode(&written, "source", none, known),
            Some(record.clone())
        );
    }

    #[test]
    fn parses_nothing_else() {
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
