//! An authorization server and what its tokens must look like.

use crate::{
    cache::CacheLimits,
    config::Preset,
    decision::Exports,
    jose::{Algorithm, ClaimPath, JwkAlgorithm},
    policy::{
        Audiences, ClaimHeader, IdentityHeader, PayloadHeader, Places, Scheme, StringMatch,
        StructuredScopes,
    },
    verification::{
        ClaimRequirement, Issuer, KeyIssuer, KeySource, Revocation, TimeRules, TokenTypes,
    },
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
    /// A disabled provider refuses its tokens and fetches no keys.
    pub enabled: bool,
    /// Who must have issued the token (RFC 7519 §4.1.1).
    pub issuer: Issuer,
    /// Whom the token must be meant for (RFC 7519 §4.1.3).
    pub audiences: Audiences,
    /// What `sub` must match (RFC 7519 §4.1.2).
    pub subjects: Option<StringMatch>,
    /// Accepted client identifiers; empty accepts any.
    pub client_ids: Vec<String>,
    /// Claims that may hold the client identifier; the first present counts.
    pub client_id_claims: Vec<ClaimPath>,
    /// Claims whose scopes are united.
    pub scope_claims: Vec<ClaimPath>,
    /// Claims whose roles are united; none where `structured_scopes` has them.
    pub role_claims: Vec<ClaimPath>,
    /// How roles are read out of scopes.
    pub structured_scopes: Option<StructuredScopes>,
    /// Accepted algorithms (RFC 8725 §3.1).
    pub algorithms: Vec<Algorithm>,
    /// How strictly a JWK's own `alg` binds.
    pub jwk_algorithm: JwkAlgorithm,
    /// What a JWK's own `issuer` means.
    pub key_issuer: KeyIssuer,
    /// Accepted `typ` header values (RFC 8725 §3.11).
    pub token_types: TokenTypes,
    /// Claims that must hold for the token to be valid.
    pub require_claims: Vec<ClaimRequirement>,
    /// Tokens that are not taken any more.
    pub revoked: Revocation,
    /// Rules on `exp`, `nbf` and `iat`.
    pub times: TimeRules,
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
    /// Where its keys come from.
    pub keys: KeySource,
}

impl Provider {
    /// How its clients authenticate.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match self.keys {
            KeySource::Clients(_) => Scheme::Basic,
            KeySource::Local(_) | KeySource::Remote(_) => Scheme::Bearer,
        }
    }
}
