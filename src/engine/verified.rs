//! Tokens that verified, and what they grant.

use core::cell::OnceCell;
use std::rc::Rc;

use crate::{
    config::Provider,
    engine::identity::Identity,
    few::Few,
    jose::{ClaimPath, Claims, UntrustedToken, words},
    policy::{Credential, Extraction, Grants, ProviderId},
};

/// A token, or a client's secret, that verified for the requirement.
#[derive(Clone, Debug)]
pub(super) struct Verified<'a> {
    pub(super) provider: ProviderId,
    pub(super) credential: Credential<'a>,
    pub(super) identity: Rc<Identity>,
    /// Its claims, once somebody needs them.
    claims: OnceCell<Option<Rc<Claims>>>,
}

impl<'a> Verified<'a> {
    pub(super) fn new(
        provider: ProviderId,
        credential: Credential<'a>,
        identity: Rc<Identity>,
    ) -> Self {
        Self {
            provider,
            credential,
            identity,
            claims: OnceCell::new(),
        }
    }

    /// The payload as it was sent; empty where no token was.
    pub(super) fn payload_segment(&self) -> &'a str {
        // Of three, which a token that verified has. The base64 of a secret has no dot.
        self.credential.token.split('.').nth(1).unwrap_or("")
    }

    /// Its claims. Of a token that was verified before, they are read anew from the same text; that
    /// they cannot be is no more than a way to say nothing of them.
    pub(super) fn claims(&self) -> Option<&Claims> {
        let claims = self.claims.get_or_init(|| {
            let key = self.identity.proven()?.key();
            let token = UntrustedToken::parse(self.credential.token).ok()?;
            Some(token.known_to_be_signed_by(key).into_claims())
        });
        claims.as_deref()
    }

    /// The same with claims that were read already.
    pub(super) fn with_claims(self, claims: Rc<Claims>) -> Self {
        Self {
            claims: OnceCell::from(Some(claims)),
            ..self
        }
    }
}

/// What a requirement that holds has brought.
#[derive(Clone, Debug, Default)]
pub(super) struct Held<'a, 'c> {
    pub(super) verified: Few<Verified<'a>>,
    /// Claims that nobody has verified are to be passed on, where none are verified.
    pub(super) extraction: Option<&'c Extraction>,
}

impl<'a> From<Few<Verified<'a>>> for Held<'a, '_> {
    fn from(verified: Few<Verified<'a>>) -> Self {
        Self {
            verified,
            extraction: None,
        }
    }
}

/// What a verified token grants under its provider's claims.
pub(super) fn grants<'t>(provider: &Provider, claims: &'t Claims) -> Grants<'t> {
    let united = |paths: &[ClaimPath]| {
        paths
            .iter()
            .filter_map(|path| claims.find(path))
            .flat_map(words)
            .collect()
    };
    let scopes: Vec<&str> = united(&provider.scope_claims);
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
        client_id: provider.trust.client_id(claims),
        claims,
    }
}
