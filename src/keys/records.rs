//! How the workers of a process share the records of key sources.

use crate::keys::{Order, Record, SourceId};

/// Tells the records apart that one source has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// The records of one engine's key sources, shared with the other workers of the process.
pub trait Records {
    /// The record of a source, unless it is still the one of version `known`. The reader has a record of
    /// this order by now.
    fn read(&self, source: SourceId, known: Option<Version>, own: Order) -> Reading;

    /// Writes a record in place of the one of version `expected`, and returns its version.
    ///
    /// # Errors
    /// When another worker wrote in between, or nothing can be shared.
    fn write(
        &self,
        source: SourceId,
        record: &Record,
        expected: Option<Version>,
    ) -> Result<Version, WriteError>;
}

/// What a read finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// No record, or nothing can be shared.
    Absent,
    /// The record that is known.
    Same,
    /// Something that is no record of the source, or an older one: the next write may replace it.
    Unusable(Version),
    /// Another record.
    New(Record, Version),
}

/// Why a record was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// Another worker wrote in between.
    Changed,
    /// Nothing can be shared.
    Refused,
}

/// Nothing is shared: each worker fetches for itself. For the command line, and for tests.
#[derive(Clone, Copy, Debug)]
pub struct Unshared;

impl Records for Unshared {
    fn read(&self, _source: SourceId, _known: Option<Version>, _own: Order) -> Reading {
        Reading::Absent
    }

    fn write(
        &self,
        _source: SourceId,
        _record: &Record,
        _expected: Option<Version>,
    ) -> Result<Version, WriteError> {
        Err(WriteError::Refused)
    }
}
