//! The interface through which the workers of a process share records.

use crate::keys::{Order, Record, SourceId};

/// Distinguishes the records that one source has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// The records of one engine's key sources, shared with the other workers of the process.
pub trait Records {
    /// Reads the record of a source, unless its version is `known`. `own` is the order of the
    /// record that the reader has.
    fn read(&self, source: SourceId, known: Option<Version>, own: Order) -> Reading;

    /// Replaces the record of version `expected`, and returns the new version.
    ///
    /// # Errors
    /// If another worker wrote in between, or nothing can be shared.
    fn write(
        &self,
        source: SourceId,
        record: &Record,
        expected: Option<Version>,
    ) -> Result<Version, WriteError>;
}

/// The result of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// No record, or nothing can be shared.
    Absent,
    /// The known record, unchanged.
    Same,
    /// An older record, or not a record of this source: the next write may replace it.
    Unusable(Version),
    /// A record that is new to the reader.
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

/// Records that are not shared: each worker fetches for itself. For the command line and tests.
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
