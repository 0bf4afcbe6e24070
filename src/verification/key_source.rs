//! The source of a provider's keys.

use crate::{jose::KeySet, keys::RemoteKeys, verification::Clients};

/// The source of a provider's keys.
#[derive(Debug)]
pub enum KeySource {
    /// The provider has no keys. Its clients authenticate with secrets, not tokens.
    Clients(Clients),
    /// The keys are in the configuration.
    Local(KeySet),
    /// The keys are fetched from the authorization server.
    Remote(RemoteKeys),
}
