//! A provider: an authorization server whose tokens are accepted, or a list of API clients with
//! secrets.

use core::time::Duration;
use std::sync::Arc;

use crate::{
    config::Preset,
    decision::Exports,
    http::HeaderName,
    jose::{ClaimPath, Claims, KeySet, VerifyingKey},
    keys::RemoteKeys,
    policy::{
        Audiences, ClaimHeader, IdentityHeader, PayloadHeader, Places, ProviderId, Scheme,
        StructuredScopes,
    },
    token_cache::CacheLimits,
    verification::{Clients, KeySource, Trust},
};

/// A provider. It defines which tokens are valid, where tokens are read from, and which of their
/// claims are forwarded.
#[derive(Debug)]
pub struct Provider {
    /// The name, which matches `[A-Za-z0-9_.-]{1,64}`.
    pub name: String,
    /// A description for operators, of at most 256 characters.
    pub description: String,
    /// The preset, which determines the values of absent fields.
    pub preset: Preset,
    /// What the provider's clients authenticate with.
    pub accepts: Accepts,
    /// The claims that contain scopes. The scopes of all these claims are combined.
    pub scope_claims: Vec<ClaimPath>,
    /// The claims that contain roles. The roles of all these claims are combined. The list is empty
    /// if `structured_scopes` is set.
    pub role_claims: Vec<ClaimPath>,
    /// How to extract roles from scopes.
    pub structured_scopes: Option<StructuredScopes>,
    /// The places that tokens are read from. Providers with equal places share them.
    pub places: Arc<Places>,
    /// True if the verified token stays in the forwarded request.
    pub forward: bool,
    /// The header with the verified payload in base64url.
    pub payload_header: Option<PayloadHeader>,
    /// The headers that are set from verified claims.
    pub claim_headers: Vec<ClaimHeader>,
    /// The header with the caller's identity.
    pub identity_header: Option<IdentityHeader>,
    /// The limits of the token cache, or `None` if the cache is disabled.
    pub cache: Option<CacheLimits>,
    /// The names of the filter-state entries for the provider's tokens.
    pub exports: Exports,
    /// True if Envoy chooses the route again after Portcullis has written claims or the caller's
    /// identity to headers, or has exported the payload.
    pub clear_route_cache: bool,
    /// The name of the configuration field that sets the source of the keys, such as `remote_jwks`.
    pub key_source: &'static str,
}

/// What a provider's clients authenticate with.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all providers accept tokens, so a box would only cost another memory access"
)]
pub enum Accepts {
    /// Tokens that meet these conditions.
    Tokens(Trust),
    /// The secrets of these API clients.
    Secrets(Clients),
}

impl Provider {
    /// True if the provider is enabled. A disabled provider refuses all credentials and fetches no
    /// keys.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        match &self.accepts {
            Accepts::Tokens(trust) => trust.enabled,
            Accepts::Secrets(clients) => clients.enabled,
        }
    }

    /// The names of the headers that the provider may set.
    pub(super) fn headers(&self) -> impl Iterator<Item = &HeaderName> {
        let claims = self.claim_headers.iter().map(|header| &header.name);
        let identity = self.identity_header.iter().map(|header| &header.name);
        let payload = self.payload_header.iter().map(|header| &header.name);
        claims.chain(identity).chain(payload)
    }

    /// Returns true if the provider may set a header that some servers confuse with the header
    /// `name`.
    #[must_use]
    pub fn sets_header(&self, name: &str) -> bool {
        self.headers()
            .any(|own| own.is_confusable_with(name.as_bytes()))
    }

    /// The conditions under which a token is valid. `None` if the provider accepts secrets.
    #[must_use]
    pub const fn trust(&self) -> Option<&Trust> {
        match &self.accepts {
            Accepts::Tokens(trust) => Some(trust),
            Accepts::Secrets(_) => None,
        }
    }

    /// The provider's keys, if they are in the configuration.
    #[must_use]
    pub const fn local_keys(&self) -> Option<&KeySet> {
        match &self.accepts {
            Accepts::Tokens(Trust {
                keys: KeySource::Local(keys),
                ..
            }) => Some(keys),
            _ => None,
        }
    }

    /// The configured keys that may serve (verify tokens). Empty if the provider is disabled,
    /// fetches its keys, or accepts secrets.
    #[must_use]
    pub fn configured_keys(&self) -> &[VerifyingKey] {
        let local_keys = self.local_keys().filter(|_| self.is_enabled());
        local_keys.map_or(&[], KeySet::keys)
    }

    /// How the provider's keys are fetched, if they are fetched.
    #[must_use]
    pub const fn remote_keys(&self) -> Option<&RemoteKeys> {
        match &self.accepts {
            Accepts::Tokens(Trust {
                keys: KeySource::Remote(keys),
                ..
            }) => Some(keys),
            _ => None,
        }
    }

    /// The issuer as the operator wrote it. `None` if the provider accepts any issuer, or secrets.
    #[must_use]
    pub fn issuer(&self) -> Option<String> {
        self.trust()?.issuer.as_written()
    }

    /// Returns true if the claims, which may be unverified, name an issuer that this provider
    /// accepts.
    #[must_use]
    pub fn names_issuer(&self, claims: &Claims) -> bool {
        self.trust().is_some_and(|trust| trust.names_issuer(claims))
    }

    /// The tolerance for the times in tokens.
    #[must_use]
    pub fn clock_skew(&self) -> Duration {
        self.trust()
            .map_or(Duration::ZERO, |trust| trust.times.clock_skew)
    }

    /// The identifier of the client that has these claims.
    #[must_use]
    pub fn client_id<'a>(&self, claims: &'a Claims) -> Option<&'a str> {
        match &self.accepts {
            Accepts::Tokens(trust) => trust.client_id(claims),
            // `Claims::of_client` always sets this claim.
            Accepts::Secrets(_) => claims.member("client_id")?.as_str(),
        }
    }

    /// The scheme with which the provider's clients authenticate.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match &self.accepts {
            Accepts::Tokens(_) => Scheme::Bearer,
            Accepts::Secrets(_) => Scheme::Basic,
        }
    }

    /// Returns the audiences that are accepted in the provider's tokens. If a requirement sets
    /// audiences for the provider (`replacement`), they replace the provider's own.
    #[must_use]
    pub const fn audiences<'a>(&'a self, replacement: Option<&'a Audiences>) -> &'a Audiences {
        match (replacement, &self.accepts) {
            (Some(audiences), _) => audiences,
            (None, Accepts::Tokens(trust)) => &trust.audiences,
            (None, Accepts::Secrets(_)) => &Audiences::Any,
        }
    }
}

/// Finds a provider by its name. The providers must be sorted by name.
pub(super) fn id_of(name: &str, providers: &[Provider]) -> Option<ProviderId> {
    let place = providers.binary_search_by(|provider| provider.name.as_str().cmp(name));
    place.ok().map(ProviderId::new)
}
