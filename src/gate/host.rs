//! The traits that each host implements.

use crate::{
    connection::{Connection, Refused},
    decision::{HeaderEdit, StateEntry},
    gate::{Answer, ConnectionId, Log, Meter, Route},
    keys::Fetch,
    shared_memory::SharedMemory,
};

/// One request in the proxy, with the operations that the gate can perform on the request.
pub trait Exchange: Connection + Route + SharedMemory + Log + Meter {
    /// The ID of the request's connection; `None` if the host provides no ID.
    fn connection_id(&self) -> Option<ConnectionId>;

    /// Changes the request's headers.
    ///
    /// # Errors
    /// If the host refuses the edit.
    fn edit(&self, edit: &HeaderEdit) -> Result<(), Refused>;

    /// Writes an entry to the request's filter state.
    ///
    /// # Errors
    /// If the host refuses the entry.
    fn export(&self, entry: &StateEntry) -> Result<(), Refused>;

    /// Makes the proxy choose the route again.
    ///
    /// # Errors
    /// If the host refuses, or if the host has no such operation because it chooses the route again
    /// after each edit.
    fn clear_route_cache(&self) -> Result<(), Refused>;

    /// Passes the request's trailers to `visit`.
    ///
    /// # Errors
    /// If the host does not return the trailers.
    fn trailers(&self, visit: impl FnOnce(&[(&[u8], &[u8])])) -> Result<(), Refused>;

    /// Removes every trailer called `name`.
    ///
    /// # Errors
    /// If the host refuses the removal.
    fn remove_trailer(&self, name: &str) -> Result<(), Refused>;

    /// Sends the answer. Even if the answer cannot be sent, the request must be stopped.
    fn answer(&self, answer: &Answer);
}

/// Makes calls to authorization servers.
pub trait Caller {
    /// Starts a call. Its response is later passed to
    /// [`Keeper::on_fetched`](super::Keeper::on_fetched).
    ///
    /// # Errors
    /// If the call could not be started. There will be no response then.
    fn call(&mut self, fetch: &Fetch) -> Result<(), CallError>;
}

/// Why a call could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The proxy has no cluster of this name.
    NoCluster,
    /// The host refused the call for another reason.
    Refused,
}
