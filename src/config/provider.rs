//! An authorization server: which of its tokens are valid, and what becomes of them.

use crate::{
    config::Preset,
    decision::Exports,
    jose::ClaimPath,
    policy::{ClaimHeader, IdentityHeader, PayloadHeader, Places, Scheme, StructuredScopes},
    token_cache::CacheLimits,
    verification::{KeySource, Trust},
};

/// An authorization server: whose tokens are taken, where from, and what they must say.
#[derive(Debug)]
pub struct Provider {
    /// `[A-Za-z0-9_.-]{1,64}`.
    pub name: String,
    /// For operators; at most 256 characters.
    pub description: String,
    /// Whose fields it has where none are written.
    pub preset: Preset,
    /// Which of its tokens are valid.
    pub trust: Trust,
    /// Claims whose scopes are united.
    pub scope_claims: Vec<ClaimPath>,
    /// Claims whose roles are united; none where `structured_scopes` has them.
    pub role_claims: Vec<ClaimPath>,
    /// How roles are read out of scopes.
    pub structured_scopes: Option<StructuredScopes>,
    /// Where its tokens are looked for.
    pub places: Places,
    /// The verified token stays in the forwarded request.
    pub forward: bool,
    /// Header that carries the verified payload, base64url encoded.
    pub payload_header: Option<PayloadHeader>,
    /// Headers that carry verified claims.
    pub claim_headers: Vec<ClaimHeader>,
    /// Header that says who is calling.
    pub identity_header: Option<IdentityHeader>,
    /// How many of its verified tokens are kept; `None` keeps none.
    pub cache: Option<CacheLimits>,
    /// Filter state that its tokens are written to.
    pub exports: Exports,
    /// The proxy chooses the route anew for what its tokens have changed.
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
