//! The source of a provider's keys.

use crate::{jose::KeySet, keys::RemoteKeys, verification::Clients};

/// The source of a provider's keys.
#[derive(Debug)]
pub enum KeySource {
    /// No keys: the provider's clients present secrets, not tokens.
    Clients(Clients),
    /// The configuration.
    Local(KeySet),
    /// The authorization server.
    Remote(RemoteKeys),
}
