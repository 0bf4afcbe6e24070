//! Connection IDs.

/// The ID of a connection. Envoy numbers the connections of its process in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub(super) u64);

impl ConnectionId {
    /// Makes the ID from Envoy's number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}
