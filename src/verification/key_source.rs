//! Where a provider's keys come from.

use crate::{jose::KeySet, keys::RemoteKeys, verification::Clients};

/// Where a provider's keys come from.
#[derive(Debug)]
pub enum KeySource {
    /// None: its clients present secrets, not tokens.
    Clients(Clients),
    /// Given in the configuration.
    Local(KeySet),
    /// Fetched from the authorization server.
    Remote(RemoteKeys),
}
