//! An authorization server: its valid tokens and their effects.

use crate::{
    config::Preset,
    decision::Exports,
    jose::ClaimPath,
    policy::{ClaimHeader, IdentityHeader, PayloadHeader, Places, Scheme, StructuredScopes},
    token_cache::CacheLimits,
    verification::{KeySource, Trust},
};

/// An authorization server: which of its tokens are valid, where they are read from, and what is
/// made of them.
#[derive(Debug)]
pub struct Provider {
    /// `[A-Za-z0-9_.-]{1,64}`.
    pub name: String,
    /// A description for operators, of at most 256 characters.
    pub description: String,
    /// The preset, which fills in fields that are not written.
    pub preset: Preset,
    /// The conditions for a valid token.
    pub trust: Trust,
    /// Claims whose scopes are combined.
    pub scope_claims: Vec<ClaimPath>,
    /// Claims whose roles are combined; empty if `structured_scopes` is set.
    pub role_claims: Vec<ClaimPath>,
    /// How to read roles from scopes.
    pub structured_scopes: Option<StructuredScopes>,
    /// The places that tokens are read from.
    pub places: Places,
    /// Whether the verified token stays in the forwarded request.
    pub forward: bool,
    /// The header with the verified payload in base64url.
    pub payload_header: Option<PayloadHeader>,
    /// The headers made of verified claims.
    pub claim_headers: Vec<ClaimHeader>,
    /// The header that names the caller.
    pub identity_header: Option<IdentityHeader>,
    /// The limits of the token cache; `None` if there is none.
    pub cache: Option<CacheLimits>,
    /// The entries of the filter state for its tokens.
    pub exports: Exports,
    /// Whether the proxy chooses the route again after a token changed the request.
    pub clear_route_cache: bool,
    /// Where its keys come from, by the name of its field.
    pub key_source: &'static str,
}

impl Provider {
    /// How its clients authenticate.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match self.trust.keys {
            KeySource::Clients(_) => Scheme::Basic,
            KeySource::Local(_) | KeySource::Remote(_) => Scheme::Bearer,
        }
    }
}
