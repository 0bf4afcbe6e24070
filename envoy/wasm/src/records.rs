//! The records in shared memory that hold one engine's keys, with one record for each key source.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::{codec, proxy::Proxy, seen::SeenRecords};
use portcullis::shared_memory::{Expected, SealedRecord, SharedMemory};
use portcullis::{
    engine::Engine,
    jose::KeySetLimits,
    keys::{Document, Order, Reading, Record, Records, SourceId, Version, WriteError},
};

/// A version that no entry has. If it is passed as the known version, the record is always read.
const NEVER: Version = Version(0);

thread_local! {
    static SEEN: RefCell<SeenRecords> = const { RefCell::new(SeenRecords::new()) };
}

/// Creates the key records of an engine's sources in the proxy's shared memory. All configurations
/// of this VM share one [`SeenRecords`]. So an authenticated record is rejected if any
/// configuration of this VM has already read or written a newer record of the same source.
pub(super) fn of(engine: &Engine) -> SharedRecords<Proxy> {
    SEEN.with_borrow_mut(|seen| SharedRecords::of(engine, Proxy, seen))
}

/// The records in shared memory that hold one engine's keys, with one record for each key source.
#[derive(Debug)]
pub struct SharedRecords<M> {
    memory: M,
    limits: KeySetLimits,
    places: Vec<Place>,
}

/// The record of one key source in shared memory.
#[derive(Debug)]
struct Place {
    entry: SealedRecord,
    /// The identity of the key source. The identity does not contain the provider's name, because
    /// two configurations could use the same name for different authorization servers, whose keys
    /// must not be mixed.
    source: String,
    /// The generation and revision of the latest record that any configuration of this VM has read
    /// from this entry or written to it.
    latest: Rc<Cell<Order>>,
    /// The key set document that was last read or written.
    document: RefCell<Option<Document>>,
}

impl<M: SharedMemory> SharedRecords<M> {
    /// Creates the records of an engine's key sources, ordered by source ID. If the configuration
    /// has a `shared_memory_key`, the records are authenticated. An authenticated record is
    /// rejected if it is older than the latest record that was seen in its entry. `seen` keeps
    /// track of the latest records for all configurations of the same worker.
    #[must_use]
    pub fn of(engine: &Engine, memory: M, seen: &mut SeenRecords) -> Self {
        let key = engine.config().shared_memory_key.as_ref();
        let kind = codec::VERSION.to_string();
        let place = |source: String| {
            let entry = SealedRecord::about(&kind, &source, key);
            Place {
                latest: seen.latest(entry.name()),
                document: RefCell::default(),
                entry,
                source,
            }
        };
        Self {
            memory,
            limits: engine.config().limits.key_sets,
            places: engine.keys().identities().map(place).collect(),
        }
    }

    /// The names of the shared-memory entries.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| place.entry.name())
    }

    /// The version of an entry after `value` was written to it. A write does not return the new
    /// version, so the entry is read again.
    fn version_of(&self, name: &str, value: &[u8]) -> Version {
        let present = self.memory.shared_data(name);
        let own = present.filter(|entry| entry.value == value);
        own.map_or(NEVER, |entry| Version(entry.version))
    }
}

impl Place {
    /// Extracts the record from a value in shared memory. Returns `None` if the record is not
    /// authentic, belongs to another source, or is older than a record that was seen before. If
    /// older records were accepted, an attacker could restore an old record and thereby bring back
    /// a key that the issuer has withdrawn. Without a `shared_memory_key` the order is not checked,
    /// because any module could write a record that looks newer.
    fn opened(&self, value: &[u8], own: Order, limits: KeySetLimits) -> Option<Record> {
        let mut document = self.document.borrow_mut();
        let text = self.entry.open(value)?;
        let record = codec::decode(text, &self.source, limits, document.as_ref())?;
        if self.entry.is_sealed() {
            if record.order < own.max(self.latest.get()) {
                return None;
            }
            self.latest.set(record.order);
        }
        document.clone_from(&record.document);
        Some(record)
    }
}

impl<M: SharedMemory> Records for SharedRecords<M> {
    fn read(&self, source: SourceId, known: Option<Version>, own: Order) -> Reading {
        let Some(place) = self.places.get(source.index()) else {
            return Reading::Absent;
        };
        let Some(entry) = self.memory.shared_data(place.entry.name()) else {
            return Reading::Absent;
        };
        let version = Version(entry.version);
        if known == Some(version) {
            return Reading::Same;
        }
        match place.opened(&entry.value, own, self.limits) {
            Some(record) => Reading::New(record, version),
            None => Reading::Unusable(version),
        }
    }

    fn write(
        &self,
        source: SourceId,
        record: &Record,
        expected: Option<Version>,
    ) -> Result<Version, WriteError> {
        let place = self.places.get(source.index()).ok_or(WriteError::Refused)?;
        let value = place.entry.close(codec::encode(&place.source, record));
        let name = place.entry.name();
        let expected = expected.map_or(Expected::Absent, |Version(known)| Expected::Version(known));
        self.memory.set_shared_data(name, &value, expected)?;
        place.latest.set(place.latest.get().max(record.order));
        place.document.borrow_mut().clone_from(&record.document);
        Ok(self.version_of(name, &value))
    }
}

#[cfg(test)]
mod tests {
    use portcullis::{
        config::Config,
        shared_memory::{SetSharedDataError, SharedData},
    };
    use serde_json::json;

    use super::*;

    /// A fake shared memory that keeps no entry.
    struct Forgetful;

    impl SharedMemory for Forgetful {
        fn shared_data(&self, _: &str) -> Option<SharedData> {
            None
        }

        fn set_shared_data(
            &self,
            _: &str,
            _: &[u8],
            _: Expected,
        ) -> Result<(), SetSharedDataError> {
            Ok(())
        }
    }

    /// If policies with different secrets shared one record, none of them could authenticate what
    /// another policy wrote. So they would keep overwriting the record.
    #[test]
    fn policies_with_different_secrets_have_records_of_their_own() {
        let names = [None, Some("A".repeat(43)), Some("B".repeat(42) + "A")].map(|key| {
            let provider = json!({
                "issuer": "https://a.example",
                "audiences": ["orders"],
                "remote_jwks": {"http_uri": {
                    "uri": "https://a.example/jwks", "cluster": "as", "timeout": "1s",
                }},
            });
            let mut config = json!({"providers": {"a": provider}});
            if let Some(key) = key {
                config["shared_memory_key"] = json!(key);
            }
            let config = Config::parse(config.to_string().as_bytes()).unwrap();
            assert!(!format!("{config:?}").contains("[0, 0, 0"), "{config:?}");
            let engine = Engine::new(config);
            let records = SharedRecords::of(&engine, Forgetful, &mut SeenRecords::new());
            records.names().map(str::to_owned).collect::<String>()
        });
        assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
    }
}
