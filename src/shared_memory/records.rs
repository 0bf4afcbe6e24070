//! The records of one engine's key sources in shared memory.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{
    Expected, SealedRecord, SeenRecords, SetSharedDataError, SharedMemory,
    codec::{self, KIND},
};
use crate::{
    jose::{KeySetLimits, SecretKey},
    keys::{Document, Order, Reading, Record, Records, RemoteKeys, SourceId, Version, WriteError},
};

/// No entry has this version: what is read next is news.
const NEVER: Version = Version(0);

/// The records of one engine's key sources in shared memory.
#[derive(Debug)]
pub struct SharedRecords<M> {
    memory: M,
    limits: KeySetLimits,
    places: Vec<Place>,
}

/// One record.
#[derive(Debug)]
struct Place {
    entry: SealedRecord,
    /// Whose record it is. A provider's name is no part of it: two configurations could use one name
    /// for two authorization servers, and must not share keys.
    source: String,
    /// The latest record that was seen here, by all configurations that share this.
    latest: Rc<Cell<Order>>,
    /// The document of the last record.
    document: RefCell<Option<Document>>,
}

impl<M: SharedMemory> SharedRecords<M> {
    /// The records of these sources, in the order of their ids. With a key they are authenticated.
    /// Accepts no record that is older than the latest one in `seen`, which other configurations of the
    /// same worker may have seen.
    pub fn new<'a>(
        memory: M,
        sources: impl Iterator<Item = &'a RemoteKeys>,
        limits: KeySetLimits,
        key: Option<&SecretKey>,
        seen: &mut SeenRecords,
    ) -> Self {
        let place = |keys: &RemoteKeys| {
            let source = codec::identity(keys, limits);
            let entry = SealedRecord::about(KIND, &source, key);
            Place {
                latest: seen.latest(entry.name()),
                document: RefCell::default(),
                entry,
                source,
            }
        };
        Self {
            memory,
            limits,
            places: sources.map(place).collect(),
        }
    }

    /// The names of the entries.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| place.entry.name())
    }

    /// The version of an entry that was written as `value`, which the host does not tell.
    fn version_of(&self, name: &str, value: &[u8]) -> Version {
        let present = self.memory.shared_data(name);
        let own = present.filter(|entry| entry.value == value);
        own.map_or(NEVER, |entry| Version(entry.version))
    }
}

impl Place {
    /// The record in a value of shared memory. `None` if it is not genuine, belongs to another source,
    /// or is older than one that was seen: an intruder who kept an old record could bring back a key
    /// that the issuer has withdrawn. Without a key anyone can write a record that looks later, so the
    /// order is not checked.
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
        match self.memory.set_shared_data(name, &value, expected) {
            Ok(()) => {
                place.latest.set(place.latest.get().max(record.order));
                place.document.borrow_mut().clone_from(&record.document);
                Ok(self.version_of(name, &value))
            }
            Err(SetSharedDataError::Changed) => Err(WriteError::Changed),
            Err(SetSharedDataError::Refused) => Err(WriteError::Refused),
        }
    }
}
