//! What makes a token of one provider valid.

use super::{client, issuer, revocation};
use crate::{
    decision::Reason,
    jose::{Algorithm, ClaimPath, Claims, JwkAlgorithm},
    policy::{Audiences, StringMatch},
    verification::{
        ClaimRequirement, Issuer, KeyIssuer, KeySource, Revocation, TimeRules, TokenTypes,
    },
};

/// Which tokens of one authorization server are valid: by whose keys, and with what in them.
#[derive(Debug)]
pub struct Trust {
    /// A disabled provider refuses its tokens and fetches no keys.
    pub enabled: bool,
    /// Where its keys come from.
    pub keys: KeySource,
    /// Who must have issued the token (RFC 7519 section 4.1.1).
    pub issuer: Issuer,
    /// Whom the token must be meant for (RFC 7519 section 4.1.3).
    pub audiences: Audiences,
    /// What `sub` must match (RFC 7519 section 4.1.2).
    pub subjects: Option<StringMatch>,
    /// Accepted client identifiers; empty accepts any.
    pub client_ids: Vec<String>,
    /// Claims that may hold the client identifier; the first present counts.
    pub client_id_claims: Vec<ClaimPath>,
    /// Accepted algorithms (RFC 8725 section 3.1).
    pub algorithms: Vec<Algorithm>,
    /// How strictly a JWK's own `alg` binds.
    pub jwk_algorithm: JwkAlgorithm,
    /// What a JWK's own `issuer` means.
    pub key_issuer: KeyIssuer,
    /// Accepted `typ` header values (RFC 8725 section 3.11).
    pub token_types: TokenTypes,
    /// Claims that must hold for the token to be valid.
    pub require_claims: Vec<ClaimRequirement>,
    /// Tokens that are not taken any more.
    pub revoked: Revocation,
    /// Rules on `exp`, `nbf` and `iat`.
    pub times: TimeRules,
}

impl Trust {
    /// The identifier of the client that a token with these claims was issued to.
    #[must_use]
    pub fn client_id<'a>(&self, claims: &'a Claims) -> Option<&'a str> {
        client::identifier(&self.client_id_claims, claims)
    }

    /// Whether this is for the issuer that these claims name, whoever wrote them.
    #[must_use]
    pub fn names_issuer(&self, claims: &Claims) -> bool {
        self.issuer != Issuer::Any && issuer::check(&self.issuer, claims).is_ok()
    }

    /// Checks that the token was not revoked.
    ///
    /// # Errors
    /// The reason to refuse it.
    pub fn check_revocation(&self, claims: &Claims) -> Result<(), Reason> {
        revocation::check(&self.revoked, &self.client_id_claims, claims)
    }
}
