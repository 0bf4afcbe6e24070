//! The conditions under which a provider accepts a token.

use super::{client_id, issuer, revocation, trust_domain};
use crate::{
    decision::Reason,
    jose::{Algorithm, ClaimPath, Claims, JwkAlgorithm, KeyPurpose},
    policy::{Audiences, StringMatch},
    verification::{
        ClaimRequirement, Issuer, KeyIssuer, KeySource, Revocation, TimeRules, TokenTypes,
        TrustDomain,
    },
};

/// The conditions under which a provider accepts a token: which keys may sign the token, and which
/// claims it must have.
#[derive(Debug)]
pub struct Trust {
    /// True if the provider is enabled. A disabled provider refuses its tokens and fetches no keys.
    pub enabled: bool,
    /// The source of the provider's keys.
    pub keys: KeySource,
    /// The accepted issuer (RFC 7519 section 4.1.1).
    pub issuer: Issuer,
    /// The accepted audiences (RFC 7519 section 4.1.3).
    pub audiences: Audiences,
    /// The accepted values of `sub` (RFC 7519 section 4.1.2).
    pub subjects: Option<StringMatch>,
    /// The SPIFFE trust domain that the workload in `sub` must belong to.
    pub trust_domain: Option<TrustDomain>,
    /// The accepted client identifiers. An empty list accepts any client.
    pub client_ids: Vec<String>,
    /// The claims that may contain the client identifier. The first claim that is present is used.
    pub client_id_claims: Vec<ClaimPath>,
    /// The accepted algorithms (RFC 8725 section 3.1).
    pub algorithms: Vec<Algorithm>,
    /// How strictly the `alg` of a JWK limits the algorithms that the key may be used with.
    pub jwk_algorithm: JwkAlgorithm,
    /// How to treat the `issuer` of a JWK.
    pub key_issuer: KeyIssuer,
    /// The accepted `typ` values (RFC 8725 section 3.11).
    pub token_types: TokenTypes,
    /// Claims that a valid token must have.
    pub require_claims: Vec<ClaimRequirement>,
    /// Revoked tokens, clients and subjects.
    pub revoked: Revocation,
    /// Rules on `exp`, `nbf` and `iat`.
    pub times: TimeRules,
}

impl Trust {
    /// The identifier of the client that a token with these claims was issued to.
    #[must_use]
    pub fn client_id<'a>(&self, claims: &'a Claims) -> Option<&'a str> {
        client_id::identifier(&self.client_id_claims, claims)
    }

    /// Returns true if the claims, which may be unverified, name an issuer that this provider
    /// accepts.
    #[must_use]
    pub fn names_issuer(&self, claims: &Claims) -> bool {
        match (&self.issuer, &self.trust_domain) {
            (Issuer::Any, None) => false,
            // JWT-SVIDs need no `iss`: `sub` names the trust domain that issues them.
            (Issuer::Any, domain) => trust_domain::check(domain.as_ref(), claims).is_ok(),
            (issuer, _) => issuer::check(issuer, claims).is_ok(),
        }
    }

    /// The purpose that the provider's keys must have.
    #[must_use]
    pub const fn key_purpose(&self) -> KeyPurpose {
        TrustDomain::key_purpose(self.trust_domain.as_ref())
    }

    /// Checks that the token was not revoked.
    ///
    /// # Errors
    /// The reason to refuse the token.
    pub fn check_revocation(&self, claims: &Claims) -> Result<(), Reason> {
        revocation::check(&self.revoked, &self.client_id_claims, claims)
    }
}
