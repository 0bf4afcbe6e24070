//! What a gate asks of its host.

use crate::{
    connection::{Connection, Refused},
    decision::{HeaderEdit, StateEntry},
    gate::{Answer, ConnectionId, Log, Meter, Route},
    keys::Fetch,
    shared_memory::SharedMemory,
};

/// The proxy around requests and fetches.
pub trait Environment: SharedMemory + Log + Meter {}

impl<T: SharedMemory + Log + Meter> Environment for T {}

/// One request in the proxy.
pub trait Exchange: Environment + Connection + Route {
    /// The number of its connection; `None` if the host does not tell.
    fn connection(&self) -> Option<ConnectionId>;

    /// Changes the request's headers.
    ///
    /// # Errors
    /// When the host refuses.
    fn edit(&self, edit: &HeaderEdit) -> Result<(), Refused>;

    /// Writes the request's filter state.
    ///
    /// # Errors
    /// When the host refuses.
    fn export(&self, entry: &StateEntry) -> Result<(), Refused>;

    /// Has the proxy choose the route again.
    ///
    /// # Errors
    /// When the host refuses, or chooses again on each edit and only then.
    fn clear_route_cache(&self) -> Result<(), Refused>;

    /// Shows the request's trailers to `visit`.
    ///
    /// # Errors
    /// When the host does not return them.
    fn trailers(&self, visit: impl FnOnce(&[(&[u8], &[u8])])) -> Result<(), Refused>;

    /// Removes every line of `name` from the request's trailers.
    ///
    /// # Errors
    /// When the host refuses.
    fn remove_trailer(&self, name: &str) -> Result<(), Refused>;

    /// Answers the request. A host that refuses must not let the request go on either.
    fn answer(&self, answer: &Answer);
}

/// Calls authorization servers.
pub trait Caller {
    /// Begins a call. Its response goes to [`Keeper::on_fetched`](super::Keeper::on_fetched).
    ///
    /// # Errors
    /// When there will be no response.
    fn call(&mut self, fetch: &Fetch) -> Result<(), CallError>;
}

/// Why a call did not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The proxy has no such cluster.
    NoCluster,
    /// The host refuses.
    Refused,
}
