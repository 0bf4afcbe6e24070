//! The interface through which the workers of a process share key records.

use crate::keys::{Order, Record, SourceId};

/// The version of a shared record. Each write to the record changes the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// The records of one engine's key sources. The workers of the process share these records.
pub trait Records {
    /// Reads the shared record of a source. Returns [`Reading::Same`] if the record still has the
    /// version `known`. `own` is the [`Order`] of the reader's own record. An implementation may
    /// return [`Reading::Unusable`] if the shared record is older than the reader's own record.
    fn read(&self, source: SourceId, known: Option<Version>, own: Order) -> Reading;

    /// Replaces the shared record if it has the version `expected`. Returns the new version.
    ///
    /// # Errors
    /// If another worker has changed the record since the version `expected`, or if the host cannot
    /// share records.
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
    /// There is no shared record, or the host cannot share records.
    Absent,
    /// The shared record still has the version that the reader knows.
    Same,
    /// The shared data is older than the reader's record, or is not a record of this source. The
    /// next write may replace this data.
    Unusable(Version),
    /// A record that the reader has not read yet, and its version.
    New(Record, Version),
}

/// Why a record was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// Another worker has written a newer version.
    Changed,
    /// The host cannot share records.
    Refused,
}

/// An implementation that shares nothing, for the command line program and for tests. Each worker
/// fetches its own keys.
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
