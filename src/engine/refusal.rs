//! Why a request is refused, and the response to such a request.

use core::time::Duration;

use crate::{
    decision::{Decision, Denial, Reason, StateEntry},
    keys::WantedKeys,
    policy::{CredentialError, ProviderId, Schemes, Shortfall},
    verification::Failure,
};

/// Why a requirement is not satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request's credentials are malformed or ambiguous (400).
    Credential(CredentialError),
    /// The request has no credential.
    Missing,
    /// A token did not verify.
    Token(ProviderId, Failure),
}

impl Refusal {
    /// Returns the rank of this refusal. If several refusals apply, the refusal with the highest
    /// rank is reported. Missing keys rank above an invalid token, so that a client does not
    /// discard a token that may be valid.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Token(_, Failure::Invalid(Reason::Issuer)) => 1,
            Self::Token(_, Failure::Invalid(Reason::Expired)) => 3,
            Self::Token(_, Failure::Invalid(_)) => 2,
            Self::Credential(_) => 4,
            Self::Token(_, Failure::KeysUnavailable(_)) => 5,
            Self::Token(_, Failure::AwaitKeys(_)) => 6,
        }
    }
}

impl Refusal {
    /// Returns the reason to report.
    ///
    /// # Errors
    /// Returns the wanted keys if the request waits for keys.
    pub(super) fn reason(self) -> Result<Reason, WantedKeys> {
        match self {
            Self::Credential(error) => Ok(error.into()),
            Self::Missing => Ok(Reason::MissingCredential),
            Self::Token(_, Failure::AwaitKeys(wanted)) => Err(wanted),
            Self::Token(_, Failure::Invalid(reason)) => Ok(reason),
            Self::Token(_, Failure::KeysUnavailable(_)) => Ok(Reason::KeysUnavailable),
        }
    }

    /// The provider whose token did not verify.
    const fn provider(self) -> Option<ProviderId> {
        match self {
            Self::Credential(_) | Self::Missing => None,
            Self::Token(provider, _) => Some(provider),
        }
    }

    /// The time until the next attempt to fetch keys, if the keys to verify the token are
    /// unavailable.
    const fn wait(self) -> Option<Duration> {
        match self {
            Self::Token(_, Failure::KeysUnavailable(wait)) => Some(wait),
            Self::Credential(_) | Self::Missing | Self::Token(..) => None,
        }
    }
}

/// Why a request does not pass, or cannot pass yet because it waits for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum No {
    /// The request is refused, whatever credentials it carries.
    Closed(Reason),
    /// A header for the upstream cannot be set from a verified token of this provider: a claim or
    /// the caller's identity does not fit in a header, or the identity is ambiguous.
    HeaderValue(ProviderId),
    /// The requirement is not satisfied.
    Refused(Refusal),
    /// A verified token of this provider does not grant the required rights.
    Short(ProviderId, Shortfall),
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl No {
    /// Converts this value to a decision. `schemes` returns the authentication schemes of a
    /// provider. Called with `None`, it returns the schemes of the whole rule.
    pub(super) fn decision(
        self,
        schemes: impl FnOnce(Option<ProviderId>) -> Schemes,
        exports: Vec<StateEntry>,
    ) -> Decision {
        let (mut scopes, mut authentication, mut retry_after) = (Vec::new(), None, None);
        let (reason, provider) = match self {
            Self::Closed(reason) => (reason, None),
            Self::HeaderValue(provider) => (Reason::HeaderValue, Some(provider)),
            Self::Refused(refusal) => match refusal.reason() {
                Err(wanted) => return Decision::AwaitKeys(wanted),
                Ok(reason) => {
                    retry_after = refusal.wait().map(whole_seconds);
                    (reason, refusal.provider())
                }
            },
            Self::Short(provider, shortfall) => {
                let reason = match shortfall {
                    Shortfall::Authentication(required, words) => {
                        authentication = Some(required);
                        scopes = words.map_or_else(Vec::new, |words| words.words().to_vec());
                        Reason::Authentication
                    }
                    Shortfall::Claim => Reason::InsufficientClaim,
                    Shortfall::ClientId => Reason::InsufficientClient,
                    Shortfall::Role => Reason::InsufficientRole,
                    Shortfall::Scope(words) => {
                        scopes = words.words().to_vec();
                        Reason::InsufficientScope
                    }
                };
                (reason, Some(provider))
            }
        };
        Decision::Deny(Denial {
            provider,
            schemes: schemes(provider),
            scopes,
            authentication,
            retry_after,
            exports,
            ..Denial::new(reason)
        })
    }
}

impl From<CredentialError> for Reason {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Malformed => Self::MalformedCredential,
            CredentialError::Several => Self::SeveralCredentials,
        }
    }
}

/// Rounds a duration up to whole seconds, and to at least one second. If `Retry-After` were zero, a
/// client would retry at once.
fn whole_seconds(wait: Duration) -> u64 {
    let part = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(part).max(1)
}
