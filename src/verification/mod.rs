//! Whether one token is valid for one provider: each check in its own file, their order here.
//!
//! The cheap checks come first, so that the signature of a token that cannot pass is never
//! computed, with one exception: a token that is merely expired has its signature checked, since
//! "expired" is said only to those who once held a good token. All failures here get one and the
//! same answer (401 `invalid_token`); the reasons go to metrics and logs.

mod attempts;
mod backend;
mod check;
mod claim;
mod client;
pub mod client_secret;
mod clients;
mod confirmation;
mod issuer;
mod key_source;
mod proven;
mod restrictions;
mod revocation;
mod secret_hash;
mod times;
mod token_type;

use core::time::Duration;

use crate::{
    config::Provider,
    decision::Reason,
    host::Host,
    jose::{
        Budget, Claims, JoseHeader, KeyQuery, KeySet, TokenError, UntrustedToken, VerifiedToken,
        VerifyingKey,
    },
    keys::{FetchCause, KeySetVersion, KeyStore, Keys, SourceId},
    policy::{Audiences, ProviderId},
    time::{UnixMillis, UnixSeconds},
};

pub use self::{
    attempts::Attempts,
    backend::{Backend, SignatureBackend, UnfitHost},
    check::{Check, Nobody, Outcome, Witness},
    claim::ClaimRequirement,
    client::client_id,
    clients::{Client, Clients},
    issuer::{Issuer, KeyIssuer},
    key_source::KeySource,
    proven::{Lapse, Proven, verify_again},
    restrictions::Restrictions,
    revocation::Revocation,
    secret_hash::{DIGEST_OCTETS, MAX_SECRETS, SALT_OCTETS, SecretHash, SecretHashes},
    times::TimeRules,
    token_type::TokenTypes,
};

/// When to come again for keys that are on their way.
const SOON: Duration = Duration::from_secs(1);

/// What a verification may look at besides the token.
pub struct Circumstances<'a> {
    /// The keys of remote sources.
    pub keys: &'a KeyStore,
    /// What time it is.
    pub now: UnixMillis,
    /// Whether the request can wait for keys.
    pub patience: Patience,
    /// Digest of the connection's client certificate, asked for when a token needs it.
    pub certificate_digest: &'a dyn Fn() -> Option<[u8; 32]>,
    /// Whom to ask about signatures before they are computed here.
    pub signature_host: Option<&'a dyn Host>,
    /// What a newer configuration of the same policy refuses.
    pub restrictions: Option<&'a Restrictions>,
}

/// Whether a request can wait for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It has waited, or must not: decide with what is there.
    Exhausted,
    /// It can.
    Waiting,
    /// It has waited since then, and can continue.
    Waited(UnixMillis),
}

/// Why a token is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Keys may arrive that verify it.
    AwaitKeys(SourceId, FetchCause),
    /// It is not valid.
    Invalid(Reason),
    /// Its keys cannot be had; the next try is this far away.
    KeysUnavailable(Duration),
}

/// Verifies a token of `provider`, and says what of it is settled for good. The [`Attempts`] are those
/// of the token in this request: each provider adds its own to them.
///
/// # Errors
/// The first check that fails.
pub fn verify(
    own: (ProviderId, &Provider),
    audiences: &Audiences,
    token: (&Result<UntrustedToken<'_>, TokenError>, &Attempts),
    circumstances: &Circumstances<'_>,
) -> Result<(VerifiedToken, Proven), Failure> {
    verify_before(&mut Nobody, own, audiences, token, circumstances)
}

/// [`verify`] before a witness of each check.
///
/// # Errors
/// The first check that fails.
pub fn verify_before(
    witness: &mut impl Witness,
    (id, provider): (ProviderId, &Provider),
    audiences: &Audiences,
    (token, attempts): (&Result<UntrustedToken<'_>, TokenError>, &Attempts),
    circumstances: &Circumstances<'_>,
) -> Result<(VerifiedToken, Proven), Failure> {
    let token = witness
        .told(Check::Form, token.as_ref())
        .map_err(|error| Failure::Invalid(Reason::from(error)))?;
    let now = circumstances.now.seconds();
    let claims = token.unverified_claims();
    check_claims(witness, provider, audiences, token.header(), claims, now)
        .map_err(Failure::Invalid)?;
    let confirmed = confirmation::certificate(claims)
        .and_then(|bound| confirmation::check(bound, circumstances.certificate_digest));
    witness
        .told(Check::Confirmation, confirmed)
        .map_err(Failure::Invalid)?;

    let expired = times::is_expired(provider.times, claims.times(), now);
    let keys = witness.told(Check::Keys, serving_keys((id, provider), circumstances))?;
    let signed = (token, attempts);
    let verified = match check_signature(witness, provider, signed, keys.key_set, circumstances) {
        // Do not fetch keys for an expired token.
        Err(Reason::UnknownKey) if !expired => {
            return Err(missing_key(keys.source, circumstances));
        }
        other => other.map_err(Failure::Invalid)?,
    };
    let expiry = match expired {
        true => Err(Failure::Invalid(Reason::Expired)),
        false => Ok(()),
    };
    witness.told(Check::Expiry, expiry)?;
    let proven = Proven::new(claims, verified.key(), keys.version);
    Ok((verified, proven))
}

/// The refusal of a token without a candidate key, whose key may have been published since the last
/// fetch.
fn missing_key(source: Option<SourceId>, circumstances: &Circumstances<'_>) -> Failure {
    let Some(source) = source else {
        return Failure::Invalid(Reason::UnknownKey);
    };
    let Circumstances {
        keys,
        now,
        patience,
        ..
    } = *circumstances;
    if keys.may_learn_kid(source, now) {
        return match patience {
            Patience::Waiting | Patience::Waited(_) => {
                Failure::AwaitKeys(source, FetchCause::UnknownKid)
            }
            // No fetch has looked yet: the token may be good, so the client must not discard it.
            Patience::Exhausted => Failure::KeysUnavailable(SOON),
        };
    }
    let waited_since = match patience {
        Patience::Waited(arrived) => Some(arrived),
        Patience::Waiting | Patience::Exhausted => None,
    };
    keys.hides_kid(source, waited_since, now).map_or(
        Failure::Invalid(Reason::UnknownKey),
        Failure::KeysUnavailable,
    )
}

/// Whether `provider` names the issuer of these claims, whoever wrote them.
pub fn names(provider: &Provider, claims: &Claims) -> bool {
    provider.issuer != Issuer::Any && issuer::check(&provider.issuer, claims).is_ok()
}

/// Every check that needs no key, expiry apart.
fn check_claims(
    witness: &mut impl Witness,
    provider: &Provider,
    audiences: &Audiences,
    header: &JoseHeader,
    claims: &Claims,
    now: UnixSeconds,
) -> Result<(), Reason> {
    let held = |holds: bool, reason| if holds { Ok(()) } else { Err(reason) };
    let enabled = held(provider.enabled, Reason::ProviderDisabled);
    witness.told(Check::Provider, enabled)?;
    // The allow-list, not the header, says which algorithms there are (RFC 8725 section 3.1).
    let is_allowed = provider.algorithms.contains(&header.algorithm());
    witness.told(Check::Algorithm, held(is_allowed, Reason::Algorithm))?;
    witness.told(Check::Issuer, issuer::check(&provider.issuer, claims))?;
    witness.told(
        Check::Times,
        times::check(provider.times, claims.times(), now),
    )?;
    witness.told(
        Check::Audience,
        check_audience(audiences, claims.audiences()),
    )?;
    let typed = token_type::check(&provider.token_types, header.typ());
    witness.told(Check::TokenType, typed)?;
    let is_accepted = provider.subjects.as_ref().is_none_or(|accepted| {
        claims
            .subject()
            .is_some_and(|subject| accepted.matches(subject))
    });
    witness.told(Check::Subject, held(is_accepted, Reason::Subject))?;
    witness.told(Check::Client, client::check(provider, claims))?;
    witness.told(Check::Revocation, revocation::check(provider, claims))?;
    witness.told(
        Check::Claims,
        claim::check(&provider.require_claims, claims),
    )
}

fn check_audience<'a>(
    accepted: &Audiences,
    mut audiences: impl Iterator<Item = &'a str>,
) -> Result<(), Reason> {
    let Audiences::AnyOf(accepted) = accepted else {
        return Ok(());
    };
    if audiences.any(|audience| accepted.iter().any(|own| own == audience)) {
        Ok(())
    } else {
        Err(Reason::Audience)
    }
}

/// Keys that may serve.
struct ServingKeys<'a> {
    key_set: &'a KeySet,
    version: KeySetVersion,
    /// Where they come from; configured ones come from nowhere.
    source: Option<SourceId>,
}

fn serving_keys<'a>(
    (id, provider): (ProviderId, &'a Provider),
    circumstances: &Circumstances<'a>,
) -> Result<ServingKeys<'a>, Failure> {
    if let KeySource::Local(key_set) = &provider.keys {
        return Ok(ServingKeys {
            key_set,
            version: KeySetVersion::default(),
            source: None,
        });
    }
    match circumstances.keys.keys(id, circumstances.now) {
        Some(Keys::Serving(key_set, source)) => Ok(ServingKeys {
            key_set,
            version: circumstances.keys.version(source),
            source: Some(source),
        }),
        Some(Keys::Pending(source)) => Err(match circumstances.patience {
            Patience::Waiting | Patience::Waited(_) => {
                Failure::AwaitKeys(source, FetchCause::Freshness)
            }
            Patience::Exhausted => Failure::KeysUnavailable(SOON),
        }),
        Some(Keys::Unavailable(wait)) => Err(Failure::KeysUnavailable(wait)),
        // No source was made for it: it can only be disabled, which is refused before.
        None => Err(Failure::Invalid(Reason::ProviderDisabled)),
    }
}

fn check_signature(
    witness: &mut impl Witness,
    provider: &Provider,
    (token, attempts): (&UntrustedToken<'_>, &Attempts),
    key_set: &KeySet,
    circumstances: &Circumstances<'_>,
) -> Result<VerifiedToken, Reason> {
    let now = circumstances.now.seconds();
    let host = circumstances.signature_host;
    let (header, claims) = (token.header(), token.unverified_claims());
    let mut candidates = candidates(provider, header, claims, key_set, now).peekable();
    witness.told(Check::Key, candidates.peek().ok_or(Reason::UnknownKey))?;
    let compute = |key: &VerifyingKey| backend::is_signed_by(token, key, host);
    let verified = candidates
        .find_map(|key| token.verify_by(key, || attempts.is_signed_by(key, || compute(key))))
        .ok_or(Reason::BadSignature);
    witness.told(Check::Signature, verified)
}

/// The keys that the signature of a token is checked with, as far as its budget suffices for the set.
/// What other providers have spent comes on top.
fn candidates<'a>(
    provider: &Provider,
    header: &'a JoseHeader,
    claims: &'a Claims,
    key_set: &'a KeySet,
    now: UnixSeconds,
) -> impl Iterator<Item = &'a VerifyingKey> + use<'a> {
    let query = KeyQuery {
        binding: provider.jwk_algorithm,
        issued: match provider.key_issuer {
            KeyIssuer::Ignore => None,
            KeyIssuer::Match => Some(claims),
        },
        ..KeyQuery::of(header, now)
    };
    // Without a bound, a large key set would make each forged token expensive.
    let mut budget = Budget::default();
    let candidates = key_set.candidates(query);
    candidates.filter(move |key| budget.affords(key))
}

impl From<&TokenError> for Reason {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::UnsupportedAlgorithm | TokenError::AlgorithmMissing => Self::Algorithm,
            _ => Self::MalformedToken,
        }
    }
}
