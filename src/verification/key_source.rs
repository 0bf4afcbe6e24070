//! The source of a provider's keys.

use crate::{jose::KeySet, keys::RemoteKeys};

/// The source of a provider's keys.
#[derive(Debug)]
pub enum KeySource {
    /// The keys are in the configuration.
    Local(KeySet),
    /// The keys are fetched from the authorization server.
    Remote(RemoteKeys),
}
