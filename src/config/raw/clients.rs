//! The JSON form of `client_secrets`.

use super::{Named, PointInTime, object::object};

object! {
    /// The value of `client_secrets`.
    #[derive(Debug)]
    pub(in crate::config) struct RawClientSecrets {
        /// The clients, by identifier.
        clients: Named<RawClient>,
    }
}

object! {
    /// An entry of `client_secrets.clients`.
    pub(in crate::config) struct RawClient {
        /// Accepts the client. `false` refuses the client's secrets (401).
        enabled !null: Option<bool> = true,
        /// Time at which the client's secrets expire: RFC 3339 in UTC, or seconds since 1970. Differences between
        /// clocks are not tolerated.
        expires_at !null: Option<PointInTime>,
        /// The client's roles.
        roles: Option<Vec<String>>,
        /// The client's scopes.
        scopes: Option<Vec<String>>,
        /// One or two hashes of secrets, as `portcullis client-secret` prints them.
        secret_hashes: Vec<String>,
    }
}

/// Omits the hashes, because an operator may have configured a secret instead of its hash by
/// mistake.
impl std::fmt::Debug for RawClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawClient")
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
