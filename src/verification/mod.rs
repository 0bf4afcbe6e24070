//! Whether one token is valid for one provider: each check in its own file, their order here.
//!
//! The cheap checks come first, so that the signature of a token that cannot pass is never
//! computed, with one exception: a token that is merely expired has its signature checked, since
//! "expired" is said only to those who once held a good token. All failures here get one and the
//! same answer (401 `invalid_token`); the reasons go to metrics and logs.

mod claim;
mod client;
mod confirmation;
mod issuer;
mod times;
mod token_type;

use core::time::Duration;

use crate::{
    config::{Audiences, Issuer, KeyIssuer, KeySource, Provider, ProviderId},
    decision::Reason,
    jose::{Claims, KeyQuery, KeySet, TokenError, UntrustedToken, VerifiedToken},
    keys::{FetchCause, KeyStore, Keys, SourceId},
    time::{UnixMillis, UnixSeconds},
};

pub use self::client::client_id;

/// Most signatures computed for one token. A token without `kid` is tried with every key that
/// fits; without a bound, a large key set would make each forged token expensive.
const MAX_SIGNATURE_CHECKS: usize = 16;

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
}

/// Whether a request can wait for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It has waited, or must not: decide with what is there.
    Exhausted,
    /// It can.
    Waiting,
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

/// Verifies a token of `provider`.
///
/// # Errors
/// The first check that fails.
pub fn verify(
    (id, provider): (ProviderId, &Provider),
    audiences: &Audiences,
    token: &Result<UntrustedToken<'_>, TokenError>,
    circumstances: &Circumstances<'_>,
) -> Result<VerifiedToken, Failure> {
    let token = token
        .as_ref()
        .map_err(|error| Failure::Invalid(Reason::from(error)))?;
    let now = circumstances.now.seconds();
    check_claims(provider, audiences, token, now).map_err(Failure::Invalid)?;
    confirmation::check(token.unverified_claims(), circumstances.certificate_digest)
        .map_err(Failure::Invalid)?;

    let expired = times::is_expired(provider.times, token.unverified_claims(), now);
    let (key_set, source) = match &provider.keys {
        KeySource::Local(key_set) => (key_set, None),
        KeySource::Remote(_) => remote_keys(id, circumstances)?,
    };
    let verified = match check_signature(provider, token, key_set, now) {
        Err(Reason::UnknownKey) => {
            // The key may have been published since the last fetch. An expired token is no
            // reason to look.
            let source = source.filter(|source| {
                !expired && circumstances.keys.may_learn_kid(*source, circumstances.now)
            });
            return Err(match (source, circumstances.patience) {
                (None, _) => Failure::Invalid(Reason::UnknownKey),
                (Some(source), Patience::Waiting) => {
                    Failure::AwaitKeys(source, FetchCause::UnknownKid)
                }
                // Nobody has looked yet: the token may be good, and is not to be thrown away.
                (Some(_), Patience::Exhausted) => Failure::KeysUnavailable(SOON),
            });
        }
        other => other.map_err(Failure::Invalid)?,
    };
    if expired {
        Err(Failure::Invalid(Reason::Expired))
    } else {
        Ok(verified)
    }
}

/// Whether `provider` names the issuer of these claims, whoever wrote them.
pub fn names(provider: &Provider, claims: &Claims) -> bool {
    provider.issuer != Issuer::Any && issuer::check(&provider.issuer, claims).is_ok()
}

/// Every check that needs no key, expiry apart.
fn check_claims(
    provider: &Provider,
    audiences: &Audiences,
    token: &UntrustedToken<'_>,
    now: UnixSeconds,
) -> Result<(), Reason> {
    let claims = token.unverified_claims();
    if !provider.enabled {
        return Err(Reason::ProviderDisabled);
    }
    // The allow-list, not the header, says which algorithms there are (RFC 8725 section 3.1).
    if !provider.algorithms.contains(&token.header().algorithm()) {
        return Err(Reason::Algorithm);
    }
    issuer::check(&provider.issuer, claims)?;
    times::check(provider.times, claims, now)?;
    check_audience(audiences, claims)?;
    token_type::check(&provider.token_types, token.header().typ())?;
    if let Some(subjects) = &provider.subjects
        && !claims
            .subject()
            .is_some_and(|subject| subjects.matches(subject))
    {
        return Err(Reason::Subject);
    }
    client::check(provider, claims)?;
    claim::check(&provider.require_claims, claims)
}

fn check_audience(audiences: &Audiences, claims: &Claims) -> Result<(), Reason> {
    let accepted = match audiences {
        Audiences::Any => return Ok(()),
        Audiences::AnyOf(accepted) => accepted,
    };
    let meant_for_us = claims
        .audiences()
        .any(|audience| accepted.iter().any(|own| own == audience));
    if meant_for_us {
        Ok(())
    } else {
        Err(Reason::Audience)
    }
}

fn remote_keys<'a>(
    id: ProviderId,
    circumstances: &Circumstances<'a>,
) -> Result<(&'a KeySet, Option<SourceId>), Failure> {
    match circumstances.keys.keys(id, circumstances.now) {
        Some(Keys::Serving(key_set, source)) => Ok((key_set, Some(source))),
        Some(Keys::Pending(source)) => Err(match circumstances.patience {
            Patience::Waiting => Failure::AwaitKeys(source, FetchCause::Freshness),
            Patience::Exhausted => Failure::KeysUnavailable(SOON),
        }),
        Some(Keys::Unavailable(wait)) => Err(Failure::KeysUnavailable(wait)),
        // No source was made for it: it can only be disabled, which is refused before.
        None => Err(Failure::Invalid(Reason::ProviderDisabled)),
    }
}

fn check_signature(
    provider: &Provider,
    token: &UntrustedToken<'_>,
    key_set: &KeySet,
    now: UnixSeconds,
) -> Result<VerifiedToken, Reason> {
    let query = KeyQuery {
        binding: provider.jwk_algorithm,
        issued: match provider.key_issuer {
            KeyIssuer::Ignore => None,
            KeyIssuer::Match => Some(token.unverified_claims()),
        },
        ..KeyQuery::of(token.header(), now)
    };
    let mut candidates = key_set
        .candidates(query)
        .take(MAX_SIGNATURE_CHECKS)
        .peekable();
    if candidates.peek().is_none() {
        return Err(Reason::UnknownKey);
    }
    candidates
        .find_map(|key| token.verify(key))
        .ok_or(Reason::BadSignature)
}

impl From<&TokenError> for Reason {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::UnsupportedAlgorithm | TokenError::AlgorithmMissing => Self::Algorithm,
            _ => Self::MalformedToken,
        }
    }
}
