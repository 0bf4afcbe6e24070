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
    found: ShortList<Found<'a, 'c>>,
    tokens: ShortList<Token<'a>>,
    cached: RefCell<Option<Entry>>,
}

/// The cache entry of a token, and the provider whose cache contains the entry.
type Entry = (ProviderId, Rc<CachedToken>);

/// A provider whose credential the request may contain, and the audiences that the rule requires of
/// the provider's tokens.
type Reader<'c> = (ProviderId, &'c Audiences);

/// The credential in one of a provider's locations, and this provider.
#[derive(Debug)]
pub(super) struct Found<'a, 'c> {
    pub(super) id: ProviderId,
    pub(super) provider: &'c Provider,
    /// If the credential is malformed, its error is kept only if the rule lets requests with failed
    /// credentials pass.
    pub(super) credential: Result<Credential<'a>, CredentialError>,
}

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
        let forgives = forgives_failure(requirement);
        let readers = config.readers(requirement);
        let mut found: ShortList<Found<'a, 'c>> = ShortList::default();
        let mut search = Search {
            caches,
            sanitised,
            searched: ShortList::default(),
            cached: None,
        };
        for (id, _) in readers.iter() {
            let id = *id;
            let Some(provider) = config.provider(id) else {
                continue;
            };
            if found.iter().any(|seen| seen.id == id) {
                continue;
            }
            let credential = match search.find(id, provider) {
                Ok(None) => continue,
                Ok(Some(credential)) => Ok(credential),
                Err(CredentialError::Malformed) if forgives => Err(CredentialError::Malformed),
                // A request with several credentials is refused even if the rule lets requests with
                // failed credentials pass: the engine must not choose one of the credentials.
                Err(error) => {
                    let refusal = Refusal::Credential(error);
                    notes.refused(provider, refusal);
                    return Err(refusal);
                }
            };
            found.push(Found {
                id,
                provider,
                credential,
            });
        }
        if is_bearer_beside_basic(&found) {
            let refusal = Refusal::Credential(CredentialError::Several);
            (found.iter()).for_each(|own| notes.refused(own.provider, refusal));
            return Err(refusal);
        }
        let tokens = tokens(&found, config.limits.token_bytes);
        Ok(Self {
            readers,
            found,
            tokens,
            cached: RefCell::new(search.cached),
        })
    }

    /// Iterates over the credentials. Each credential comes with its provider, which is configured
    /// to take credentials from that place in the request.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Found<'a, 'c>> {
        self.found.iter()
    }

    /// Returns true if the request has no credential.
    pub(super) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the credential that was found for a provider.
    pub(super) fn of(&self, provider: ProviderId) -> Result<&Credential<'a>, Refusal> {
        let found = self.found.iter().find(|own| own.id == provider);
        let found = found.ok_or(Refusal::Missing)?;
        let credential = found.credential.as_ref();
        credential.map_err(|error| Refusal::Credential(*error))
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
    pub(super) fn readable(
        &self,
        headers: &RefCell<HeaderMemo>,
    ) -> Vec<(&'c Provider, Read<'_, 'a>)> {
        let mut readable: Vec<(&Provider, Read<'_, 'a>)> = Vec::new();
        for own in self.found.iter() {
            let (provider, Ok(credential)) = (own.provider, &own.credential) else {
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

/// The search for the credentials of several providers.
struct Search<'s, 'a, 'c> {
    caches: &'s TokenCaches,
    sanitised: Sanitised<'s, 'a>,
    searched: ShortList<Searched<'c, 'a>>,
    /// The first cache entry that was found.
    cached: Option<Entry>,
}

impl<'a, 'c: 'a> Search<'_, 'a, 'c> {
    /// Finds the credential in the places of a provider.
    fn find(
        &mut self,
        id: ProviderId,
        provider: &'c Provider,
    ) -> Result<Option<Credential<'a>>, CredentialError> {
        let places = &provider.places;
        let is_same = |own: &&Searched<'_, '_>| Arc::ptr_eq(own.0, places);
        if let Some((_, result)) = self.searched.iter().find(is_same) {
            return result.clone();
        }
        let Sanitised {
            request, target, ..
        } = self.sanitised;
        let mut is_known = |text: &[u8]| {
            let entry = self.caches.entry(id, text).map(|entry| (id, entry));
            let is_known = entry.is_some();
            self.cached = self.cached.take().or(entry);
            is_known
        };
        let result = places.find_with(request, target, &mut is_known);
        self.searched.push((places, result.clone()));
        result
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
fn tokens<'a>(found: &ShortList<Found<'a, '_>>, limit: usize) -> ShortList<Token<'a>> {
    let mut tokens: ShortList<Token<'a>> = ShortList::default();
    for own in found.iter() {
        if let Ok(credential) = &own.credential
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
fn is_bearer_beside_basic(found: &ShortList<Found<'_, '_>>) -> bool {
    let mut seen = Schemes::default();
    for own in found.iter() {
        match own.provider.scheme() {
            Scheme::Basic => seen.basic = true,
            Scheme::Bearer => {
                // Only the query is checked: a bearer token in a second `Authorization` header was
                // already refused.
                seen.bearer |= (own.credential)
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
