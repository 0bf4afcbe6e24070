//! Connection IDs.

/// The ID of a connection. Envoy gives the connections of a process ascending IDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub(super) u64);

impl ConnectionId {
    /// Creates an ID from the number that Envoy gave the connection.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}
