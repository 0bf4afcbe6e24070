//! Whether a requirement holds for a request: the tree of any, all and providers.

use core::cell::{OnceCell, RefCell};

use crate::{
    config::{Config, Provider},
    decision::{Reason, StateEntry},
    engine::{
        caches::Caches,
        export,
        identity::Identity,
        refusal::Refusal,
        restrictions::Restrictions,
        verified::{Held, Verified},
    },
    few::Few,
    http::{Request, path::Target},
    jose::{HeaderMemo, TokenError, UntrustedToken},
    policy::{
        Audiences, Credential, CredentialError, Location, ProviderId, Requirement, Scheme, Schemes,
    },
    verification::{
        self, Attempts, Circumstances, Clients, Failure, KeySource, Lapse, client_secret,
    },
};

/// What other filters get to know of tokens that failed.
pub(super) type Failures = RefCell<Vec<StateEntry>>;

/// What an evaluation works with.
#[derive(Clone, Copy)]
pub(super) struct Means<'c> {
    pub(super) config: &'c Config,
    pub(super) caches: &'c Caches,
    /// What a newer configuration of the same policy refuses.
    pub(super) restrictions: Option<&'c Restrictions>,
    pub(super) circumstances: &'c Circumstances<'c>,
    pub(super) failures: &'c Failures,
    pub(super) headers: &'c RefCell<HeaderMemo>,
}

/// The credentials of one request, and the tokens in them, each parsed once.
pub(super) struct Evaluation<'a, 'c: 'a> {
    means: Means<'c>,
    readers: Few<Reader<'c>>,
    /// What stands in the places of each provider that the rule asks for. A malformed credential
    /// is among them only where the rule lets failed ones pass.
    found: Few<Found<'a>>,
    tokens: Few<Token<'a>>,
}

type Parsed<'a> = Result<UntrustedToken<'a>, TokenError>;

/// A token of the request.
struct Token<'a> {
    text: &'a str,
    parsed: OnceCell<Parsed<'a>>,
    /// What all providers together spend on it.
    attempts: Attempts,
}

/// A provider, and what stands in its places.
type Found<'a> = (ProviderId, Result<Credential<'a>, CredentialError>);

/// A provider whose places count, and the audiences that the rule knows it with.
type Reader<'c> = (ProviderId, &'c Audiences);

type Outcome<'a, 'c> = Result<Held<'a, 'c>, Refusal>;

/// A credential that was read, and its token.
type Read<'e, 'a> = (&'e Credential<'a>, &'e UntrustedToken<'a>);

impl<'a, 'c: 'a> Evaluation<'a, 'c> {
    /// Finds the credentials that the rule's providers read.
    pub(super) fn new(
        means: Means<'c>,
        requirement: &'c Requirement,
        request: &Request<'a>,
        target: Option<Target<'a>>,
    ) -> Result<Self, Refusal> {
        let Means {
            config, failures, ..
        } = means;
        let forgives = forgives_failure(requirement);
        let readers = readers(config, requirement);
        let mut found: Few<Found<'a>> = Few::default();
        for (id, _) in readers.iter() {
            let id = *id;
            let Some(provider) = config.provider(id) else {
                continue;
            };
            if found.iter().any(|(seen, _)| *seen == id) {
                continue;
            }
            match provider.places.find(request, target) {
                Ok(None) => {}
                Ok(Some(credential)) => found.push((id, Ok(credential))),
                Err(CredentialError::Malformed) if forgives => {
                    found.push((id, Err(CredentialError::Malformed)));
                }
                // Even a rule that forgives failures does not choose between two credentials.
                Err(error) => {
                    let refusal = Refusal::Credential(error);
                    note(failures, provider, refusal);
                    return Err(refusal);
                }
            }
        }
        if is_bearer_beside_basic(config, &found) {
            let refusal = Refusal::Credential(CredentialError::Several);
            let providers = found.iter().filter_map(|(id, _)| config.provider(*id));
            providers.for_each(|provider| note(failures, provider, refusal));
            return Err(refusal);
        }
        let mut tokens: Few<Token<'a>> = Few::default();
        for (_, credential) in found.iter() {
            if let Ok(credential) = credential
                && credential.token.len() <= config.limits.token_bytes
                && !tokens
                    .iter()
                    .any(|token| core::ptr::eq(token.text, credential.token))
            {
                tokens.push(Token {
                    text: credential.token,
                    parsed: OnceCell::new(),
                    attempts: Attempts::default(),
                });
            }
        }
        Ok(Self {
            means,
            readers,
            found,
            tokens,
        })
    }

    /// The verified tokens for which `requirement` holds.
    pub(super) fn evaluate(&self, requirement: &'c Requirement) -> Outcome<'a, 'c> {
        match requirement {
            Requirement::Provider {
                provider: id,
                audiences,
            } => {
                let Some(provider) = self.means.config.provider(*id) else {
                    return Err(Refusal::Missing);
                };
                let audiences = audiences.as_ref().unwrap_or(&provider.trust.audiences);
                self.credential(*id)
                    .and_then(|credential| self.verify(*id, provider, audiences, credential))
                    .map(|verified| Few::from(verified).into())
                    .inspect_err(|refusal| note(self.means.failures, provider, *refusal))
            }
            Requirement::All(members) => {
                let mut all = Held::default();
                for member in members {
                    let held = self.evaluate(member)?;
                    all.verified.extend(held.verified);
                    all.extraction = all.extraction.or(held.extraction);
                }
                Ok(all)
            }
            Requirement::Any(members) => self.any(members),
            Requirement::AllowMissing => match self.present() {
                (_, Some(refusal)) => Err(refusal),
                (verified, None) => Ok(verified.into()),
            },
            Requirement::AllowMissingOrFailed => match self.present() {
                (_, Some(waiting @ Refusal::Token(_, Failure::AwaitKeys(..)))) => Err(waiting),
                (verified, _) => Ok(verified.into()),
            },
            Requirement::ExtractOnly(extraction) => Ok(Held {
                verified: Few::default(),
                extraction: Some(extraction),
            }),
        }
    }

    /// The first member that holds. Members that let a request through without a token come last,
    /// as in `jwt_authn`: a failed token must not pass because a missing one would
    /// (CVE-2021-21378).
    ///
    /// Next to members that name providers, such a member lends no identity: if a token verifies
    /// and no other member holds, a second token is missing, or the token is for another audience.
    fn any(&self, members: &'c [Requirement]) -> Outcome<'a, 'c> {
        let (lenient, strict): (Vec<_>, Vec<_>) =
            members.iter().partition(|member| !member.names_provider());
        let lends = strict.is_empty();
        let strict = strict.into_iter().map(|member| (member, true));
        let lenient = lenient.into_iter().map(|member| (member, lends));
        let mut worst = Refusal::Missing;
        // A member that holds without a token counts after those that hold with one.
        let mut without_token = None;
        for (member, lends) in strict.chain(lenient) {
            match self.evaluate(member) {
                // Members hold in order: a later one must not take the place of this.
                waiting @ Err(Refusal::Token(_, Failure::AwaitKeys(..))) => return waiting,
                Err(refusal) if refusal.rank() > worst.rank() => worst = refusal,
                Err(_) => {}
                Ok(held) if lends && !held.verified.is_empty() => return Ok(held),
                Ok(held) => {
                    without_token.get_or_insert(Held {
                        verified: Few::default(),
                        ..held
                    });
                }
            }
        }
        without_token.ok_or(worst)
    }

    /// The tokens that can be read, verified or not, each with the provider whose headers are made
    /// of its claims: the one that names its issuer, else the first that reads its place.
    pub(super) fn readable(&self) -> Vec<(&'c Provider, Read<'_, 'a>)> {
        let mut readable: Vec<(&Provider, Read<'_, 'a>)> = Vec::new();
        for (id, credential) in self.found.iter() {
            let (Some(provider), Ok(credential)) = (self.means.config.provider(*id), credential)
            else {
                continue;
            };
            let is_same = |text: &str| core::ptr::eq(text, credential.token);
            let Some(Ok(token)) = self.parsed(credential) else {
                continue;
            };
            match readable
                .iter_mut()
                .find(|(_, (other, _))| is_same(other.token))
            {
                None => readable.push((provider, (credential, token))),
                Some((other, _)) => {
                    let claims = token.unverified_claims();
                    if !other.trust.names_issuer(claims) && provider.trust.names_issuer(claims) {
                        *other = provider;
                    }
                }
            }
        }
        readable
    }

    /// Whether there is any credential.
    pub(super) fn finds_credential(&self) -> bool {
        !self.found.is_empty()
    }

    /// The tokens that verify with a provider that reads their place, and the worst refusal of
    /// those that do not.
    fn present(&self) -> (Few<Verified<'a>>, Option<Refusal>) {
        let mut verified: Few<Verified<'a>> = Few::default();
        let mut refused = Vec::new();
        for (id, credential) in self.found.iter() {
            let Some(provider) = self.means.config.provider(*id) else {
                continue;
            };
            match credential {
                Err(error) => refused.push((None, Refusal::Credential(*error))),
                Ok(credential) => match self.verify_as_named(*id, provider, credential) {
                    Ok(token) => verified.push(token),
                    Err(refusal) => {
                        note(self.means.failures, provider, refusal);
                        refused.push((Some(credential), refusal));
                    }
                },
            }
        }
        let is_unverified = |credential: Option<&Credential<'_>>| {
            verified
                .iter()
                .all(|token| Some(&token.credential) != credential)
        };
        let worst = refused
            .into_iter()
            .filter(|(credential, _)| is_unverified(*credential))
            .map(|(_, refusal)| refusal)
            .max_by_key(|refusal| refusal.rank());
        (verified, worst)
    }

    /// Under audiences that the rule knows the provider with: a token that the rule refuses for its
    /// audience must not come in by the provider's own.
    fn verify_as_named(
        &self,
        id: ProviderId,
        provider: &Provider,
        credential: &Credential<'a>,
    ) -> Result<Verified<'a>, Refusal> {
        let mut worst = Refusal::Missing;
        for (_, audiences) in self.readers.iter().filter(|(reader, _)| *reader == id) {
            match self.verify(id, provider, audiences, credential) {
                Err(refusal) if refusal.rank() > worst.rank() => worst = refusal,
                Err(_) => {}
                verified => return verified,
            }
        }
        Err(worst)
    }

    fn credential(&self, provider: ProviderId) -> Result<&Credential<'a>, Refusal> {
        self.found.iter().find(|(id, _)| *id == provider).map_or(
            Err(Refusal::Missing),
            |(_, credential)| {
                credential
                    .as_ref()
                    .map_err(|error| Refusal::Credential(*error))
            },
        )
    }

    fn verify(
        &self,
        id: ProviderId,
        provider: &Provider,
        audiences: &Audiences,
        credential: &Credential<'a>,
    ) -> Result<Verified<'a>, Refusal> {
        if let KeySource::Clients(clients) = &provider.trust.keys {
            let verified = self.verify_client(id, provider, clients, credential);
            return verified.map_err(|reason| Refusal::Token(id, Failure::Invalid(reason)));
        }
        let known = self.means.caches.find(id, credential.token, |identity| {
            let own = (id, &provider.trust);
            let proven = identity.proven().ok_or(Lapse::KeyGone)?;
            let token = || self.parsed(credential)?.as_ref().ok();
            verification::verify_again(own, audiences, proven, token, self.means.circumstances)
        });
        let verified = match known {
            Some(known) => known.map(|identity| Verified::new(id, credential.clone(), identity)),
            None => self.verify_anew(id, provider, audiences, credential),
        };
        let verified = verified.map_err(|failure| Refusal::Token(id, failure))?;
        if let Some(restrictions) = self.means.restrictions {
            // After the cache, whose tokens were accepted before a newer configuration arrived.
            let checked = restrictions.check_token(&provider.name, || verified.claims());
            checked.map_err(|reason| Refusal::Token(id, Failure::Invalid(reason)))?;
        }
        Ok(verified)
    }

    fn verify_client(
        &self,
        id: ProviderId,
        provider: &Provider,
        clients: &Clients,
        credential: &Credential<'a>,
    ) -> Result<Verified<'a>, Reason> {
        if !provider.trust.enabled {
            return Err(Reason::ProviderDisabled);
        }
        if credential.token.len() > self.means.config.limits.token_bytes {
            return Err(Reason::TokenTooLarge);
        }
        let now = self.means.circumstances.now.seconds();
        let claims = client_secret::verify(clients, credential.token, now)?;
        if let Some(restrictions) = self.means.restrictions {
            restrictions.check_client(&provider.name, credential.token, now)?;
        }
        let identity = Identity::new(self.means.config, provider, None, &claims);
        Ok(Verified::new(id, credential.clone(), identity).with_claims(claims))
    }

    fn verify_anew(
        &self,
        id: ProviderId,
        provider: &Provider,
        audiences: &Audiences,
        credential: &Credential<'a>,
    ) -> Result<Verified<'a>, Failure> {
        // Only a token over the limit is not parsed.
        let token = self
            .token(credential)
            .ok_or(Failure::Invalid(Reason::TokenTooLarge))?;
        let presented = (token.parsed(self.means.headers), &token.attempts);
        let (token, proven) = verification::verify(
            (id, &provider.trust),
            audiences,
            presented,
            self.means.circumstances,
        )?;
        let identity = Identity::new(self.means.config, provider, Some(proven), token.claims());
        self.means.caches.insert(id, credential.token, &identity);
        let verified = Verified::new(id, credential.clone(), identity);
        Ok(verified.with_claims(token.into_claims()))
    }

    /// What a credential's token says; `None` of one over the limit.
    fn parsed(&self, credential: &Credential<'a>) -> Option<&Parsed<'a>> {
        let token = self.token(credential)?;
        Some(token.parsed(self.means.headers))
    }

    /// A credential's token; `None` of one over the limit.
    fn token(&self, credential: &Credential<'a>) -> Option<&Token<'a>> {
        self.tokens
            .iter()
            .find(|token| core::ptr::eq(token.text, credential.token))
    }
}

impl<'a> Token<'a> {
    fn parsed(&self, headers: &RefCell<HeaderMemo>) -> &Parsed<'a> {
        self.parsed
            .get_or_init(|| UntrustedToken::parse_with(self.text, &mut headers.borrow_mut()))
    }
}

/// Keeps what `provider` tells of a failure.
fn note(failures: &Failures, provider: &Provider, refusal: Refusal) {
    let entry = refusal
        .reason()
        .and_then(|reason| export::failure(provider, reason));
    failures.borrow_mut().extend(entry);
}

/// A client must not authenticate in two ways at once (RFC 6749 section 2.3): which of them counts here
/// and which for the upstream could differ. Tokens in headers and cookies of the operator's choice are
/// no second way: a rule may ask for one beside a secret.
fn is_bearer_beside_basic(config: &Config, found: &Few<Found<'_>>) -> bool {
    let mut seen = Schemes::default();
    for (id, credential) in found.iter() {
        match config.provider(*id).map(Provider::scheme) {
            Some(Scheme::Basic) => seen.basic = true,
            _ => {
                // In the header it is refused as a second part of that.
                seen.bearer |= credential
                    .as_ref()
                    .is_ok_and(|credential| matches!(credential.location, Location::Query(_)));
            }
        }
    }
    seen.basic && seen.bearer
}

/// How a client can authenticate for `requirement`.
pub(super) fn schemes(config: &Config, requirement: &Requirement) -> Schemes {
    let ids = readers(config, requirement).into_iter().map(|(id, _)| id);
    let schemes = ids.filter_map(|id| config.provider(id).map(Provider::scheme));
    schemes.fold(Schemes::default(), Schemes::and)
}

/// The providers whose places count: those that the rule names, or all where some part of it asks
/// for no provider in particular.
fn readers<'c>(config: &'c Config, requirement: &'c Requirement) -> Few<Reader<'c>> {
    let mut named: Few<Reader<'c>> = Few::default();
    requirement.each_provider(&mut |id, audiences| {
        let own = config
            .provider(id)
            .map(|provider| &provider.trust.audiences);
        if let Some(audiences) = audiences.or(own)
            && !named.iter().any(|reader| *reader == (id, audiences))
        {
            named.push((id, audiences));
        }
    });
    if requirement.asks_anyone() {
        for (id, provider) in config.providers() {
            if named.iter().all(|(reader, _)| *reader != id) {
                named.push((id, &provider.trust.audiences));
            }
        }
    }
    named
}

/// Whether `allow_missing_or_failed` stands somewhere in the tree.
fn forgives_failure(requirement: &Requirement) -> bool {
    match requirement {
        Requirement::AllowMissingOrFailed | Requirement::ExtractOnly(_) => true,
        Requirement::All(members) | Requirement::Any(members) => {
            members.iter().any(forgives_failure)
        }
        Requirement::AllowMissing | Requirement::Provider { .. } => false,
    }
}
