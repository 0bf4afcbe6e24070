//! API clients that authenticate with a secret, and the clients' claims.

use std::sync::Arc;

use crate::{jose::Claims, time::UnixSeconds, verification::SecretHashes};

/// The clients of one provider.
#[derive(Debug)]
pub struct Clients {
    /// True if the provider is enabled. A disabled provider refuses all its clients.
    pub enabled: bool,
    /// Sorted by identifier.
    clients: Vec<Client>,
}

/// An API client.
#[derive(Debug)]
pub struct Client {
    /// The client identifier (RFC 6749 section 2.2).
    pub id: String,
    /// The hashes of the client's secrets.
    pub hashes: SecretHashes,
    /// True if the client may authenticate.
    pub enabled: bool,
    /// The time from which the client is refused. `None` if the client does not expire.
    pub expires_at: Option<UnixSeconds>,
    /// The client's claims. Rules and upstreams treat them like the claims of a token.
    pub claims: Arc<Claims>,
}

impl Clients {
    /// The clients of an enabled provider. The list must be sorted by identifier.
    #[must_use]
    pub const fn new(sorted: Vec<Client>) -> Self {
        Self {
            enabled: true,
            clients: sorted,
        }
    }

    /// The client with this identifier.
    #[must_use]
    pub fn find(&self, id: &[u8]) -> Option<&Client> {
        let place = (self.clients).binary_search_by(|own| own.id.as_bytes().cmp(id));
        self.clients.get(place.ok()?)
    }

    /// All clients.
    #[must_use]
    pub fn all(&self) -> &[Client] {
        &self.clients
    }
}
