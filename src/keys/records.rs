//! The interface through which the workers of a process share records.

use crate::keys::{Order, Record, SourceId};

/// The version of a shared record. Each write changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// The records of one engine's key sources, shared with the other workers of the process.
pub trait Records {
    /// Reads the record of a source, unless its version is `known`. `own` is the order of the
    /// reader's own record; an older record is unusable.
    fn read(&self, source: SourceId, known: Option<Version>, own: Order) -> Reading;

    /// Replaces the record of version `expected`, and returns the new version.
    ///
    /// # Errors
    /// If another worker wrote in between, or the host cannot share records.
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
    /// There is no record, or the host cannot share records.
    Absent,
    /// The record still has the known version.
    Same,
    /// The shared data is older than the reader's record, or is not a record of this source. The
    /// next write may replace it.
    Unusable(Version),
    /// A record that is new to the reader.
    New(Record, Version),
}

/// Why a record was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// Another worker wrote in between.
    Changed,
    /// The host cannot share records.
    Refused,
}

/// An implementation for the command line and tests that shares nothing: each worker fetches for
/// itself.
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
