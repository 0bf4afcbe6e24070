//! The key records that all threads and configurations of the process share.
//!
//! A record contains parsed keys, so each key set is parsed only once per process. Configurations
//! that fetch the same keys in the same way share a record. So after an update, the new
//! configuration starts with the keys that the old configuration has fetched.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use portcullis::keys::{Order, Reading, Record, Records, SourceId, Version, WriteError};

use crate::{locks::lock, shared::Shared};

/// The records of all key sources. The key of each entry is the identity of the source.
static PLACES: Shared<String, Place> = Shared::new();

/// The shared record of one key source.
#[derive(Default)]
struct Place {
    /// The version of the record; 0 if there is no record yet.
    version: AtomicU32,
    record: Mutex<Option<Record>>,
}

/// The records of one configuration's key sources, ordered by source ID.
#[derive(Clone)]
pub(super) struct ProcessRecords(Arc<[Arc<Place>]>);

impl ProcessRecords {
    /// The records of the sources with these identities (see [`KeyStore::identities`]).
    ///
    /// [`KeyStore::identities`]: portcullis::keys::KeyStore::identities
    pub(super) fn acquire(identities: Vec<String>) -> Self {
        let identities = identities.into_iter();
        Self(
            identities
                .map(|identity| PLACES.acquire(identity))
                .collect(),
        )
    }

    /// Returns true if the two configurations share the record of a source.
    pub(super) fn share_a_source(&self, other: &Self) -> bool {
        self.0
            .iter()
            .any(|own| other.0.iter().any(|other| Arc::ptr_eq(own, other)))
    }

    /// Releases the records. A record is dropped if no other configuration uses it.
    pub(super) fn release(&self) {
        self.0.iter().for_each(|place| PLACES.release(place));
    }
}

impl Records for ProcessRecords {
    fn read(&self, source: SourceId, known: Option<Version>, _own: Order) -> Reading {
        let Some(place) = self.0.get(source.index()) else {
            return Reading::Absent;
        };
        // The version is read without the lock. So the workers do not wait for each other unless
        // the record has changed.
        let version = place.version.load(Ordering::Acquire);
        if version == 0 {
            return Reading::Absent;
        }
        if known == Some(Version(version)) {
            return Reading::Same;
        }
        let record = lock(&place.record);
        let version = place.version.load(Ordering::Acquire);
        match &*record {
            Some(record) => Reading::New(record.clone(), Version(version)),
            None => Reading::Absent,
        }
    }

    fn write(
        &self,
        source: SourceId,
        record: &Record,
        expected: Option<Version>,
    ) -> Result<Version, WriteError> {
        let place = self.0.get(source.index()).ok_or(WriteError::Refused)?;
        let mut present = lock(&place.record);
        let version = place.version.load(Ordering::Acquire);
        if expected.map_or(0, |Version(expected)| expected) != version {
            return Err(WriteError::Changed);
        }
        // 0 is skipped, because it means that there is no record.
        let next = version.checked_add(1).unwrap_or(1);
        *present = Some(record.clone());
        place.version.store(next, Ordering::Release);
        Ok(Version(next))
    }
}

#[cfg(test)]
mod tests {
    use portcullis::config::Config;
    use serde_json::json;

    use super::*;

    fn records(path: &str) -> ProcessRecords {
        let config = json!({
            "providers": {"a": {
                "issuer": "https://a.example",
                "audiences": ["orders"],
                "remote_jwks": {"http_uri": {
                    "uri": format!("https://a.example/{path}"), "cluster": "as", "timeout": "1s",
                }},
            }},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
        });
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        ProcessRecords::acquire(config.key_store().identities().collect())
    }

    #[test]
    fn configurations_with_the_same_source_share_its_record() {
        let (one, other, another) = (records("same"), records("same"), records("different"));
        let id = SourceId::new(0);
        let read = |records: &ProcessRecords, known| records.read(id, known, Order::default());
        assert_eq!(read(&one, None), Reading::Absent);
        let version = one.write(id, &Record::default(), None).unwrap();
        assert!(matches!(read(&other, None), Reading::New(..)));
        assert_eq!(read(&other, Some(version)), Reading::Same);
        assert_eq!(read(&another, None), Reading::Absent);
        assert!(one.share_a_source(&other) && !one.share_a_source(&another));
        one.release();
        other.release();
        let next = records("same");
        assert_eq!(read(&next, None), Reading::Absent, "the record was dropped");
    }

    #[test]
    fn only_one_writer_replaces_a_record() {
        let records = records("contended");
        let id = SourceId::new(0);
        let first = records.write(id, &Record::default(), None).unwrap();
        let again = records.write(id, &Record::default(), None);
        assert_eq!(again, Err(WriteError::Changed));
        assert!(records.write(id, &Record::default(), Some(first)).is_ok());
        let late = records.write(id, &Record::default(), Some(first));
        assert_eq!(late, Err(WriteError::Changed));
    }
}
