//! An authorization server and what its tokens must look like.

use serde_json::Value;

use crate::{
    cache::CacheLimits,
    config::{Clients, Endpoint, Exports, Preset, Revocation},
    http::HeaderName,
    jose::{Algorithm, ClaimPath, IssuerTemplate, JwkAlgorithm, KeySet},
    policy::{IdentityTemplate, Places, Scheme, StringMatch, StructuredScopes},
};

/// Stands for a provider: its position in [`super::Config::providers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderId(usize);

impl ProviderId {
    /// The provider at `index`.
    #[must_use]
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// Its position.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

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

/// Who must have issued the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// Anyone who holds one of the provider's keys (`allow_any_issuer`).
    Any,
    /// Exactly this `iss`, code point by code point (RFC 7515 §5.3).
    Exact(String),
    /// An `iss` with parts that other claims of the token repeat.
    Template(IssuerTemplate),
}

impl Issuer {
    /// The configured text; `None` for any issuer.
    #[must_use]
    pub fn as_written(&self) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Exact(issuer) => Some(issuer.clone()),
            Self::Template(template) => Some(template.to_string()),
        }
    }
}

/// What the `issuer` of a JWK means, which Microsoft Entra adds to its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIssuer {
    /// Nothing.
    Ignore,
    /// The key serves the tokens of that issuer alone.
    Match,
}

/// Whom the token must be meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audiences {
    /// Anyone (`allow_any_audience`).
    Any,
    /// At least one of these, exactly.
    AnyOf(Vec<String>),
}

/// Accepted `typ` header values; compared without case and without `application/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenTypes {
    /// Any, also none (`"*"`).
    Any,
    /// One of `names` (lower case, without `application/`), or none where `absent`.
    OneOf {
        /// Accepted names.
        names: Vec<String>,
        /// A token without `typ` is accepted (`""`).
        absent: bool,
    },
}

/// A claim that must be present, and hold one of some values where any are named.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimRequirement {
    /// The claim.
    pub claim: ClaimPath,
    /// Accepted values; `None` asks for presence alone.
    pub any_of: Option<Vec<Value>>,
}

impl ClaimRequirement {
    /// Whether only listed values of `claim` fulfil it.
    #[must_use]
    pub fn constrains(&self, claim: &ClaimPath) -> bool {
        self.claim == *claim && self.any_of.is_some()
    }
}

/// Rules on `exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6). All in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRules {
    /// Tolerance between clocks.
    pub clock_skew: u64,
    /// A token without `exp` is refused.
    pub require_expiration: bool,
    /// A token issued later than now is accepted.
    pub allow_future_iat: bool,
    /// Longest time that may be left: `exp - now`.
    pub max_lifetime: Option<u64>,
    /// Longest time that a token may have been made for: `exp - iat`.
    pub max_issued_lifetime: Option<u64>,
}

/// Header that carries the verified payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadHeader {
    /// The header.
    pub name: HeaderName,
    /// With `=` padding.
    pub padded: bool,
}

/// Header that carries one verified claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The header.
    pub name: HeaderName,
    /// The claim.
    pub claim: ClaimPath,
}

/// Header that says who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityHeader {
    /// The header.
    pub name: HeaderName,
    /// What it says.
    pub template: IdentityTemplate,
}

/// Where a provider's keys come from.
#[derive(Debug)]
pub enum KeySource {
    /// None: its clients present secrets, not tokens.
    Clients(Clients),
    /// Given in the configuration.
    Local(KeySet),
    /// Fetched from the authorization server.
    Remote(RemoteKeys),
}

/// Keys that are fetched through the proxy's clusters, and how they are kept. Durations in
/// milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteKeys {
    /// Where they stand.
    pub location: JwksLocation,
    /// Longest time for one call.
    pub timeout_ms: u64,
    /// How long fetched keys count as fresh; `None` leaves it to the server's `Cache-Control`.
    pub cache_duration_ms: Option<u64>,
    /// How long the last good keys serve past their freshness while fetching fails.
    pub max_stale_ms: u64,
    /// Least time between two fetches that unknown kids cause.
    pub unknown_kid_cooldown_ms: u64,
    /// The answer to a token with an unknown kid while no fetch may begin for it.
    pub unknown_kid_answer: UnknownKidAnswer,
    /// Back-off after a failure.
    pub retry: RetryPolicy,
}

/// The answer to a token whose key may have been published since the last fetch, while the cool-down
/// or the back-off keeps a new fetch from beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownKidAnswer {
    /// 401: the token counts as forged.
    #[default]
    Invalid,
    /// 503 with `Retry-After`: the client keeps the token and comes again.
    Unavailable,
}

/// Where a JWKS stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksLocation {
    /// At a configured place (`remote_jwks`).
    Configured(Endpoint),
    /// Where the authorization server's metadata says (`discovery`).
    Discovered(Discovery),
}

/// Metadata of an authorization server (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The configured issuer, which the metadata must name.
    pub issuer: String,
    /// Where the metadata may stand; the first that has any counts.
    pub metadata: Vec<Endpoint>,
    /// The proxy's cluster through which the keys are fetched, wherever the metadata says they are.
    pub jwks_cluster: String,
}

/// Exponential back-off: `base`, doubled with each failure, at most `max`. In milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Wait after the first failure.
    pub base_ms: u64,
    /// Longest wait.
    pub max_ms: u64,
}
