//! Verifies one credential with one provider. The credential is a client's secret or a token. For a
//! cached token, only some checks are repeated.

use core::cell::RefCell;
use std::rc::Rc;

use crate::{
    config::{Accepts, Config, Provider},
    decision::Reason,
    engine::{
        cached_token::CachedToken,
        credentials::Token,
        notes::Notes,
        restrictions::Restrictions,
        token_caches::{Lookup, TokenCaches},
        verified::Verified,
    },
    jose::HeaderMemo,
    policy::{Audiences, Credential, ProviderId},
    verification::{self, Circumstances, Clients, Failure, Invalidated, Trust, client_secret},
};

/// What a verification needs in addition to the credential and the provider.
#[derive(Clone, Copy)]
pub(super) struct Means<'c> {
    pub(super) config: &'c Config,
    pub(super) caches: &'c TokenCaches,
    /// What a newer configuration of the same policy refuses, such as revoked tokens.
    pub(super) restrictions: Option<&'c Restrictions>,
    pub(super) circumstances: &'c Circumstances<'c>,
    pub(super) headers: &'c RefCell<HeaderMemo>,
}

/// A credential, and the token in it. The token is `None` if it exceeds the size limit.
type Presented<'e, 'a> = (&'e Credential<'a>, Option<&'e Token<'a>>);

type Own<'e> = (ProviderId, &'e Provider);

/// Verifies a credential with the provider `own`, which reads credentials from the place where this
/// one was found. `found` is the token's cache entry, if the search for credentials already looked
/// it up.
pub(super) fn verify<'a>(
    means: Means<'_>,
    own: Own<'_>,
    audiences: &Audiences,
    presented: Presented<'_, 'a>,
    found: Option<Rc<CachedToken>>,
    notes: &mut Notes,
) -> Result<Verified<'a>, Failure> {
    let (id, provider) = own;
    let (credential, token) = presented;
    let trust = match &provider.accepts {
        Accepts::Tokens(trust) => trust,
        Accepts::Secrets(clients) => {
            return verify_client(means, own, clients, credential).map_err(Failure::Invalid);
        }
    };
    let lookup = means.caches.find(id, credential.token, found, |cached| {
        let own = (id, trust);
        let verified_once = cached.verified_once().ok_or(Invalidated::KeyGone)?;
        let token = || token?.parsed(means.headers).as_ref().ok();
        verification::verify_again(own, audiences, verified_once, token, means.circumstances)
    });
    notes.cache_use.count(&lookup);
    let verified = match lookup {
        Lookup::Hit(cached) => cached.map(|own| Verified::new(id, credential.clone(), own)),
        Lookup::Disabled | Lookup::Miss => verify_anew(means, own, trust, audiences, presented),
    }?;
    if let Some(restrictions) = means.restrictions {
        // Cached tokens are checked too, because they may have been accepted before the newer
        // configuration arrived.
        let checked = restrictions.check_token(&provider.name, || verified.claims());
        checked.map_err(Failure::Invalid)?;
    }
    Ok(verified)
}

fn verify_client<'a>(
    means: Means<'_>,
    (id, provider): Own<'_>,
    clients: &Clients,
    credential: &Credential<'a>,
) -> Result<Verified<'a>, Reason> {
    if !clients.enabled {
        return Err(Reason::ProviderDisabled);
    }
    let secret = credential.token.as_str();
    if secret.len() > means.config.limits.token_bytes {
        return Err(Reason::TokenTooLarge);
    }
    let now = means.circumstances.now.seconds();
    let claims = client_secret::verify(clients, secret, now)?;
    if let Some(restrictions) = means.restrictions {
        restrictions.check_client(&provider.name, secret, now)?;
    }
    let cached = CachedToken::new(means.config, provider, None, &claims);
    Ok(Verified::new(id, credential.clone(), cached).with_claims(claims))
}

fn verify_anew<'a>(
    means: Means<'_>,
    (id, provider): Own<'_>,
    trust: &Trust,
    audiences: &Audiences,
    (credential, token): Presented<'_, 'a>,
) -> Result<Verified<'a>, Failure> {
    // `None` means that the token exceeds the size limit.
    let token = token.ok_or(Failure::Invalid(Reason::TokenTooLarge))?;
    let presented = (token.parsed(means.headers), &token.attempts);
    let (token, verified_once) =
        verification::verify((id, trust), audiences, presented, means.circumstances)?;
    let cached = CachedToken::new(means.config, provider, Some(verified_once), token.claims());
    let text = credential.token.as_str();
    means.caches.insert(id, text, &cached);
    let verified = Verified::new(id, credential.clone(), cached);
    Ok(verified.with_claims(token.into_claims()))
}
