//! A provider: an authorization server whose tokens are accepted, or a list of API clients with
//! secrets.

use std::sync::Arc;

use crate::{
    config::Preset,
    decision::Exports,
    jose::ClaimPath,
    policy::{
        Audiences, ClaimHeader, IdentityHeader, PayloadHeader, Places, ProviderId, Scheme,
        StructuredScopes,
    },
    token_cache::CacheLimits,
    verification::{KeySource, Trust},
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
    /// The conditions under which a token is valid.
    pub trust: Trust,
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

impl Provider {
    /// The scheme with which the provider's clients authenticate.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match self.trust.keys {
            KeySource::Clients(_) => Scheme::Basic,
            KeySource::Local(_) | KeySource::Remote(_) => Scheme::Bearer,
        }
    }

    /// Returns the audiences that are accepted in the provider's tokens. If a requirement sets
    /// audiences for the provider (`replacement`), they replace the provider's own.
    #[must_use]
    pub const fn audiences<'a>(&'a self, replacement: Option<&'a Audiences>) -> &'a Audiences {
        match replacement {
            Some(audiences) => audiences,
            None => &self.trust.audiences,
        }
    }
}

/// Finds a provider by its name. The providers must be sorted by name.
pub(super) fn id_of(name: &str, providers: &[Provider]) -> Option<ProviderId> {
    let place = providers.binary_search_by(|provider| provider.name.as_str().cmp(name));
    place.ok().map(ProviderId::new)
}
