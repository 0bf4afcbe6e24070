//! Verified credentials, and the rights that they grant.

use core::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::{
    config::{Config, Provider},
    engine::cached_token::CachedToken,
    jose::{ClaimPath, Claims, words},
    policy::{Credential, Extraction, Grants, ProviderId},
    short_list::ShortList,
};

/// A verified token, or a verified client secret.
#[derive(Clone, Debug)]
pub(super) struct Verified<'a> {
    pub(super) provider: ProviderId,
    pub(super) credential: Credential<'a>,
    pub(super) cached: Rc<CachedToken>,
    /// The token's claims, parsed when they are first needed.
    claims: OnceCell<Option<Arc<Claims>>>,
}

impl<'a> Verified<'a> {
    pub(super) fn new(
        provider: ProviderId,
        credential: Credential<'a>,
        cached: Rc<CachedToken>,
    ) -> Self {
        Self {
            provider,
            credential,
            cached,
            claims: OnceCell::new(),
        }
    }

    /// Returns the token's payload as it was sent, in base64url. Returns an empty string for a
    /// client's secret.
    pub(super) fn payload_segment(&self) -> &'a str {
        // A verified token has three segments, separated by dots. A client's secret is base64,
        // which contains no dot.
        let mut segments = self.credential.token.as_str().split('.');
        segments.nth(1).unwrap_or("")
    }

    /// Returns the claims. After a cache hit, the claims are parsed again from the token's text.
    /// The text was parsed successfully before, so `None` is not expected.
    pub(super) fn claims(&self) -> Option<&Claims> {
        let claims = self.claims.get_or_init(|| {
            // A client's secret has no payload that could be parsed. Its claims come from the
            // configuration.
            self.cached.verified_once()?;
            Claims::of_segment(self.payload_segment())
                .ok()
                .map(Arc::new)
        });
        claims.as_deref()
    }

    /// Adds claims that are already parsed.
    pub(super) fn with_claims(self, claims: Arc<Claims>) -> Self {
        Self {
            claims: OnceCell::from(Some(claims)),
            ..self
        }
    }
}

/// How a requirement was satisfied.
#[derive(Clone, Debug, Default)]
pub(super) struct Satisfied<'a, 'c> {
    pub(super) verified: ShortList<Verified<'a>>,
    /// How to forward unverified claims. This field is used only if there is no verified token.
    pub(super) extraction: Option<&'c Extraction>,
}

impl<'a> From<ShortList<Verified<'a>>> for Satisfied<'a, '_> {
    fn from(verified: ShortList<Verified<'a>>) -> Self {
        Self {
            verified,
            extraction: None,
        }
    }
}

/// Returns the rights that the claims of a verified token grant under its provider's configuration.
/// If the configuration says that a scope includes other scopes, a token with that scope also has
/// the included scopes.
pub(super) fn grants<'t>(
    config: &'t Config,
    provider: &Provider,
    claims: &'t Claims,
) -> Grants<'t> {
    let united = |paths: &[ClaimPath]| {
        paths
            .iter()
            .filter_map(|path| claims.find(path))
            .flat_map(words)
            .collect()
    };
    let mut scopes: Vec<&str> = united(&provider.scope_claims);
    config.scope_hierarchy.expand(&mut scopes);
    let roles = match &provider.structured_scopes {
        Some(structure) => scopes
            .iter()
            .filter_map(|scope| structure.role(scope))
            .collect(),
        None => united(&provider.role_claims),
    };
    Grants {
        scopes,
        roles,
        client_id: provider.client_id(claims),
        claims,
    }
}
