//! `client_secrets` as it is written.

use super::{Named, PointInTime, object::object};

object! {
    /// `client_secrets`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClientSecrets {
        /// The clients, by identifier.
        clients: Named<RawClient>,
    }
}

object! {
    /// One of `client_secrets.clients`.
    pub(in crate::config) struct RawClient {
        /// `false`: its secrets are refused (401).
        enabled: Option<bool> = true,
        /// From when on its secrets are refused: RFC 3339 in UTC, or seconds since 1970.
        expires_at: Option<PointInTime>,
        /// Its roles, for rules.
        roles: Option<Vec<String>>,
        /// Its scopes, for rules.
        scopes: Option<Vec<String>>,
        /// One or two hashes, as `portcullis client-secret` prints them.
        secret_hashes: Vec<String>,
    }
}

/// Without the hashes: a secret may have been written there.
impl std::fmt::Debug for RawClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawClient")
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
