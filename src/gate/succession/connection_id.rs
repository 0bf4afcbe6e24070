//! Connection IDs.

/// The ID of a connection. Within a process, Envoy gives each new connection a higher ID than the
/// previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub(super) u64);

impl ConnectionId {
    /// Creates an ID from the number that Envoy gave the connection.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}
