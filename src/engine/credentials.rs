//! Finds the credentials of a request, and the tokens in these credentials. The search covers only
//! the locations that the rule's providers read.

use core::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::{
    config::{Config, Provider},
    engine::{
        cached_token::CachedToken, notes::Notes, refusal::Refusal, sanitise::Sanitised,
        token_caches::TokenCaches,
    },
    jose::{HeaderMemo, TokenError, UntrustedToken},
    policy::{
        Audiences, Credential, CredentialError, Location, Places, ProviderId, Requirement, Scheme,
        Schemes, TokenText,
    },
    short_list::ShortList,
    verification::Attempts,
};

/// The credentials of one request, and the tokens in these credentials. Each token is parsed at
/// most once.
#[derive(Debug)]
pub(super) struct Credentials<'a, 'c> {
    readers: ShortList<Reader<'c>>,
    found: ShortList<Found<'a>>,
    tokens: ShortList<Token<'a>>,
    cached: RefCell<Option<Entry>>,
}

/// The cache entry of a token, and the provider whose cache contains the entry.
type Entry = (ProviderId, Rc<CachedToken>);

/// A provider whose credential the request may contain, and the audiences that the rule requires of
/// the provider's tokens.
type Reader<'c> = (ProviderId, &'c Audiences);

/// A provider, and the credential in one of the provider's locations. If the credential is
/// malformed, its error is kept only if the rule lets requests with failed credentials pass.
pub(super) type Found<'a> = (ProviderId, Result<Credential<'a>, CredentialError>);

/// Places that were searched, and the result. If several providers share these places, they are
/// searched only once.
type Searched<'c, 'a> = (
    &'c Arc<Places>,
    Result<Option<Credential<'a>>, CredentialError>,
);

pub(super) type Parsed<'a> = Result<UntrustedToken<'a>, TokenError>;

/// A token of the request.
#[derive(Debug)]
pub(super) struct Token<'a> {
    text: TokenText<'a>,
    parsed: OnceCell<Parsed<'a>>,
    /// The number of signature checks for this token so far, across all providers.
    pub(super) attempts: Attempts,
}

/// A credential, and the token that was parsed from the credential.
type Read<'e, 'a> = (&'e Credential<'a>, &'e UntrustedToken<'a>);

impl<'a, 'c> Credentials<'a, 'c> {
    /// Finds the credentials in the locations that the rule's providers read.
    pub(super) fn find(
        config: &'c Config,
        caches: &TokenCaches,
        requirement: &'c Requirement,
        sanitised: Sanitised<'_, 'a>,
        notes: &mut Notes,
    ) -> Result<Self, Refusal>
    where
        'c: 'a,
    {
        let Sanitised {
            request, target, ..
        } = sanitised;
        let forgives = forgives_failure(requirement);
        let readers = config.readers(requirement);
        let mut found: ShortList<Found<'a>> = ShortList::default();
        let mut cached: Option<Entry> = None;
        let mut searched: ShortList<Searched<'c, 'a>> = ShortList::default();
        for (id, _) in readers.iter() {
            let id = *id;
            let Some(provider) = config.provider(id) else {
                continue;
            };
            if found.iter().any(|(seen, _)| *seen == id) {
                continue;
            }
            let mut is_known = |text: &[u8]| {
                let entry = caches.entry(id, text).map(|entry| (id, entry));
                let is_known = entry.is_some();
                cached = cached.take().or(entry);
                is_known
            };
            let places = &provider.places;
            let own = searched.iter().find(|(own, _)| Arc::ptr_eq(own, places));
            let result = match own {
                Some((_, result)) => result.clone(),
                None => {
                    let result = places.find_with(request, target, &mut is_known);
                    searched.push((places, result.clone()));
                    result
                }
            };
            match result {
                Ok(None) => {}
                Ok(Some(credential)) => found.push((id, Ok(credential))),
                Err(CredentialError::Malformed) if forgives => {
                    found.push((id, Err(CredentialError::Malformed)));
                }
                // A request with several credentials is refused even if the rule lets requests with
                // failed credentials pass: the engine must not choose one of the credentials.
                Err(error) => {
                    let refusal = Refusal::Credential(error);
                    notes.refused(provider, refusal);
                    return Err(refusal);
                }
            }
        }
        if is_bearer_beside_basic(config, &found) {
            let refusal = Refusal::Credential(CredentialError::Several);
            let providers = found.iter().filter_map(|(id, _)| config.provider(*id));
            providers.for_each(|provider| notes.refused(provider, refusal));
            return Err(refusal);
        }
        let tokens = tokens(&found, config.limits.token_bytes);
        Ok(Self {
            readers,
            found,
            tokens,
            cached: RefCell::new(cached),
        })
    }

    /// Iterates over the credentials. Each credential comes with its provider, which is configured
    /// to take credentials from that place in the request.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Found<'a>> {
        self.found.iter()
    }

    /// Returns true if the request has no credential.
    pub(super) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the credential that was found for a provider.
    pub(super) fn of(&self, provider: ProviderId) -> Result<&Credential<'a>, Refusal> {
        self.found.iter().find(|(id, _)| *id == provider).map_or(
            Err(Refusal::Missing),
            |(_, credential)| {
                credential
                    .as_ref()
                    .map_err(|error| Refusal::Credential(*error))
            },
        )
    }

    /// The audiences that the rule requires of a provider's tokens.
    pub(super) fn audiences(&self, provider: ProviderId) -> impl Iterator<Item = &'c Audiences> {
        let readers = self.readers.iter();
        readers.filter_map(move |(id, audiences)| (*id == provider).then_some(*audiences))
    }

    /// Returns the cache entry of a provider's credential, if the search for credentials already
    /// looked up the entry. Each entry can be taken only once, because a verification may change
    /// the cache.
    pub(super) fn take_found(
        &self,
        provider: ProviderId,
        credential: &Credential<'a>,
    ) -> Option<Rc<CachedToken>> {
        let is_own = |entry: &mut Entry| entry.0 == provider && credential.token.is_known();
        let entry = self.cached.borrow_mut().take_if(is_own);
        entry.map(|(_, entry)| entry)
    }

    /// Returns the token of a credential, or `None` if the token exceeds the size limit.
    pub(super) fn token(&self, credential: &Credential<'a>) -> Option<&Token<'a>> {
        self.tokens
            .iter()
            .find(|token| token.text.is_same_part(credential.token))
    }

    /// Returns all well-formed tokens, whether or not they were verified. Each token comes with the
    /// provider that sets headers from the token's claims. This is the provider whose issuer the
    /// token names. If there is no such provider, it is the first provider that reads the token's
    /// location.
    pub(super) fn readable<'p>(
        &self,
        config: &'p Config,
        headers: &RefCell<HeaderMemo>,
    ) -> Vec<(&'p Provider, Read<'_, 'a>)> {
        let mut readable: Vec<(&Provider, Read<'_, 'a>)> = Vec::new();
        for (id, credential) in self.found.iter() {
            let (Some(provider), Ok(credential)) = (config.provider(*id), credential) else {
                continue;
            };
            let token = self.token(credential).map(|token| token.parsed(headers));
            let Some(Ok(token)) = token else {
                continue;
            };
            match readable
                .iter_mut()
                .find(|(_, (other, _))| other.token.is_same_part(credential.token))
            {
                None => readable.push((provider, (credential, token))),
                Some((other, _)) => {
                    let claims = token.unverified_claims();
                    if !other.names_issuer(claims) && provider.names_issuer(claims) {
                        *other = provider;
                    }
                }
            }
        }
        readable
    }
}

impl<'a> Token<'a> {
    /// Returns the parsed token. The first call parses it.
    pub(super) fn parsed(&self, headers: &RefCell<HeaderMemo>) -> &Parsed<'a> {
        self.parsed.get_or_init(|| {
            UntrustedToken::parse_with(self.text.as_str(), &mut headers.borrow_mut())
        })
    }
}

/// Returns the tokens of all credentials, except for malformed credentials and tokens that exceed
/// the size limit.
fn tokens<'a>(found: &ShortList<Found<'a>>, limit: usize) -> ShortList<Token<'a>> {
    let mut tokens: ShortList<Token<'a>> = ShortList::default();
    for (_, credential) in found.iter() {
        if let Ok(credential) = credential
            && credential.token.as_bytes().len() <= limit
            && !tokens
                .iter()
                .any(|token| token.text.is_same_part(credential.token))
        {
            tokens.push(Token {
                text: credential.token,
                parsed: OnceCell::new(),
                attempts: Attempts::default(),
            });
        }
    }
    tokens
}

/// Returns true if the client authenticates with both a secret and a bearer token, which RFC 6749
/// section 2.3 forbids. If such a request passed, Portcullis could use one of the two credentials
/// while the upstream uses the other one. Tokens in configured headers and cookies are ignored
/// here, because a rule may require such a token together with a secret.
fn is_bearer_beside_basic(config: &Config, found: &ShortList<Found<'_>>) -> bool {
    let mut seen = Schemes::default();
    for (id, credential) in found.iter() {
        match config.provider(*id).map(Provider::scheme) {
            Some(Scheme::Basic) => seen.basic = true,
            _ => {
                // Only the query is checked: a bearer token in a second `Authorization` header was
                // already refused.
                seen.bearer |= credential
                    .as_ref()
                    .is_ok_and(|credential| matches!(credential.location, Location::Query(_)));
            }
        }
    }
    seen.basic && seen.bearer
}

/// Returns the schemes with which a client can authenticate for `requirement`.
pub(super) fn schemes(config: &Config, requirement: &Requirement) -> Schemes {
    let ids = config.readers(requirement).into_iter().map(|(id, _)| id);
    let schemes = ids.filter_map(|id| config.provider(id).map(Provider::scheme));
    schemes.fold(Schemes::default(), Schemes::and)
}

/// Returns true if a part of the requirement lets requests with failed credentials pass.
fn forgives_failure(requirement: &Requirement) -> bool {
    match requirement {
        Requirement::AllowMissingOrFailed | Requirement::ExtractOnly(_) => true,
        Requirement::All(members) | Requirement::Any(members) => {
            members.iter().any(forgives_failure)
        }
        Requirement::AllowMissing | Requirement::Provider { .. } => false,
    }
}
