//! What has happened to key records.

/// What has happened to key records since a worker last read them, or what a keeper has done to
/// them. The variants are in ascending order: if several things have happened, the greatest counts.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// No record has changed.
    Nothing,
    /// A fetch has begun: a record has a new lease. Gates with their own key store have to read the
    /// record, but waiting requests keep waiting.
    Leased,
    /// A fetch has ended. Waiting requests may find their keys in the record now.
    Ended,
}
