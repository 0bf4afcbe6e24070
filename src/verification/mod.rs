//! Decides whether a token is valid for a provider. Each check has its own file. This file defines
//! their order.
//!
//! Cheap checks come first, so that no signature is verified for a token that another check refuses
//! anyway. Expiry is the exception: it is checked after the signature, so that only a client with a
//! correctly signed token learns that the token has expired. All other invalid tokens get the same
//! answer (401 `invalid_token`). The actual reasons are only in metrics and logs.

mod accelerator;
mod attempts;
mod audience;
mod backend;
mod candidates;
mod check;
mod client_id;
pub mod client_secret;
mod clients;
mod confirmation;
mod context;
mod issuer;
mod key_source;
mod required_claims;
mod revocation;
mod secret_hash;
mod self_test;
mod times;
mod token_type;
mod trust;
mod trust_domain;
mod verified_once;

use crate::{
    decision::Reason,
    jose::{Claims, JoseHeader, KeySet, TokenError, UntrustedToken, VerifiedToken, VerifyingKey},
    keys::SourceId,
    policy::{Audiences, ProviderId},
    time::UnixSeconds,
};

use self::candidates::{candidates, serving_keys};
pub(crate) use self::required_claims::unconstrained;
pub use self::{
    accelerator::{Accelerator, CannotTell},
    attempts::{Allowance, Attempts},
    backend::{Backend, SignatureBackend},
    check::{Check, CheckObserver, NoObserver, Outcome},
    clients::{Client, Clients},
    context::{Circumstances, Failure, Patience},
    issuer::{Issuer, KeyIssuer},
    key_source::KeySource,
    required_claims::ClaimRequirement,
    revocation::Revocation,
    secret_hash::{DIGEST_OCTETS, MAX_SECRETS, SALT_OCTETS, SecretHash, SecretHashes},
    self_test::UnfitAccelerator,
    times::TimeRules,
    token_type::TokenTypes,
    trust::Trust,
    trust_domain::TrustDomain,
    verified_once::{Invalidated, VerifiedOnce, verify_again},
};

/// Verifies a token for one provider. Also returns a [`VerifiedOnce`], which makes later
/// verifications of the token faster. Within a request, all providers that verify the same token
/// must share one [`Attempts`].
///
/// # Errors
/// The first check that fails.
pub fn verify(
    own: (ProviderId, &Trust),
    audiences: &Audiences,
    token: (&Result<UntrustedToken<'_>, TokenError>, &Attempts),
    circumstances: &Circumstances<'_>,
) -> Result<(VerifiedToken, VerifiedOnce), Failure> {
    verify_observed(&mut NoObserver, own, audiences, token, circumstances)
}

/// Does the same as [`verify`], and reports each check to an observer.
///
/// # Errors
/// The first check that fails.
pub fn verify_observed(
    observer: &mut impl CheckObserver,
    (id, trust): (ProviderId, &Trust),
    audiences: &Audiences,
    (token, attempts): (&Result<UntrustedToken<'_>, TokenError>, &Attempts),
    circumstances: &Circumstances<'_>,
) -> Result<(VerifiedToken, VerifiedOnce), Failure> {
    let token = observer
        .observe(Check::Form, token.as_ref())
        .map_err(|error| Failure::Invalid(Reason::from(error)))?;
    let now = circumstances.now.seconds();
    let claims = token.unverified_claims();
    let meant_for = (audiences, circumstances);
    check_claims(observer, trust, meant_for, token.header(), claims, now)
        .map_err(Failure::Invalid)?;
    let confirmed = confirmation::certificate(claims).and_then(|certificate| {
        confirmation::check(certificate, circumstances.certificate_digest)?;
        Ok(certificate)
    });
    let certificate = observer
        .observe(Check::Confirmation, confirmed)
        .map_err(Failure::Invalid)?;

    let expired = times::is_expired(trust.times, claims.times(), now);
    let keys = observer.observe(Check::Keys, serving_keys((id, trust), circumstances))?;
    let signed = (token, attempts);
    let verified = match check_signature(observer, trust, signed, keys.key_set, circumstances) {
        // Keys are not fetched for an expired token.
        Err(Reason::UnknownKey) if !expired => {
            return Err(missing_key(keys.source, circumstances));
        }
        other => other.map_err(Failure::Invalid)?,
    };
    let expiry = match expired {
        true => Err(Failure::Invalid(Reason::Expired)),
        false => Ok(()),
    };
    observer.observe(Check::Expiry, expiry)?;
    let verified_once = VerifiedOnce::new(claims, certificate, verified.key(), keys.version);
    Ok((verified, verified_once))
}

/// Returns the failure for a token whose key is not in the provider's key set. The key may have
/// been published since the last fetch.
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
    if let Some(wanted) = keys.learnable(source, now) {
        return patience.lacking(wanted);
    }
    let waited_since = match patience {
        Patience::Waited(arrived) => Some(arrived),
        Patience::Exhausted | Patience::Overloaded | Patience::Waiting => None,
    };
    keys.unknown_kid_wait(source, waited_since, now).map_or(
        Failure::Invalid(Reason::UnknownKey),
        Failure::KeysUnavailable,
    )
}

/// Runs the checks that need neither a key nor the client's certificate. Expiry is not among them:
/// it is checked later.
fn check_claims(
    observer: &mut impl CheckObserver,
    trust: &Trust,
    (audiences, circumstances): (&Audiences, &Circumstances<'_>),
    header: &JoseHeader,
    claims: &Claims,
    now: UnixSeconds,
) -> Result<(), Reason> {
    let held = |holds: bool, reason| if holds { Ok(()) } else { Err(reason) };
    let enabled = held(trust.enabled, Reason::ProviderDisabled);
    observer.observe(Check::Provider, enabled)?;
    // The allow-list, not the header, decides which algorithms are accepted (RFC 8725 section 3.1).
    let is_allowed = trust.algorithms.contains(&header.algorithm());
    observer.observe(Check::Algorithm, held(is_allowed, Reason::Algorithm))?;
    observer.observe(Check::Issuer, issuer::check(&trust.issuer, claims))?;
    observer.observe(Check::Times, times::check(trust.times, claims.times(), now))?;
    observer.observe(
        Check::Audience,
        audience::check(audiences, circumstances, claims.audiences()),
    )?;
    let typed = token_type::check(&trust.token_types, header.typ());
    observer.observe(Check::TokenType, typed)?;
    let is_accepted = trust.subjects.as_ref().is_none_or(|accepted| {
        claims
            .subject()
            .is_some_and(|subject| accepted.matches(subject))
    });
    let named = trust_domain::check(trust.trust_domain.as_ref(), claims)
        .and_then(|()| held(is_accepted, Reason::Subject));
    observer.observe(Check::Subject, named)?;
    let client = client_id::check(&trust.client_ids, &trust.client_id_claims, claims);
    observer.observe(Check::Client, client)?;
    observer.observe(Check::Revocation, trust.check_revocation(claims))?;
    observer.observe(
        Check::Claims,
        required_claims::check(&trust.require_claims, claims),
    )
}

fn check_signature(
    observer: &mut impl CheckObserver,
    trust: &Trust,
    (token, attempts): (&UntrustedToken<'_>, &Attempts),
    key_set: &KeySet,
    circumstances: &Circumstances<'_>,
) -> Result<VerifiedToken, Reason> {
    let now = circumstances.now.seconds();
    let accelerator = circumstances.accelerator;
    let (header, claims) = (token.header(), token.unverified_claims());
    let mut candidates = candidates(trust, header, claims, key_set, now).peekable();
    observer.observe(Check::Key, candidates.peek().ok_or(Reason::UnknownKey))?;
    let compute = |key: &VerifyingKey| backend::is_signed_by(token, key, accelerator);
    let verified = candidates
        .find_map(|key| {
            let is_signed = || attempts.is_signed_by(key, circumstances.allowance, || compute(key));
            token.verify_by(key, is_signed)
        })
        .ok_or(Reason::BadSignature);
    observer.observe(Check::Signature, verified)
}

impl From<&TokenError> for Reason {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::UnsupportedAlgorithm | TokenError::AlgorithmMissing => Self::Algorithm,
            _ => Self::MalformedToken,
        }
    }
}
