//! Why a request is refused, and what the response says about it.

use core::time::Duration;

use crate::{
    decision::{Denial, Reason},
    keys::WantedKeys,
    policy::{CredentialError, ProviderId, Shortfall},
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
            Self::Token(_, Failure::AwaitKeys(_) | Failure::Overloaded(_)) => 6,
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
            Self::Token(_, Failure::Overloaded(_)) => Ok(Reason::Overloaded),
        }
    }

    /// The provider whose token did not verify.
    const fn provider(self) -> Option<ProviderId> {
        match self {
            Self::Credential(_) | Self::Missing => None,
            Self::Token(provider, _) => Some(provider),
        }
    }

    /// The time after which the client should retry, if the keys to verify the token are not
    /// available now.
    const fn wait(self) -> Option<Duration> {
        match self {
            Self::Token(_, Failure::KeysUnavailable(wait) | Failure::Overloaded(wait)) => {
                Some(wait)
            }
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
    /// Portcullis itself serves the path, but only supports these methods.
    Method(&'static [&'static str]),
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
    /// Returns the denial, with the fields that follow from the reason for the refusal. The caller
    /// adds the others, such as the authentication schemes.
    ///
    /// # Errors
    /// Returns the wanted keys if the request waits for keys.
    pub(super) fn denial(self) -> Result<Denial, WantedKeys> {
        Ok(match self {
            Self::Closed(reason) => Denial::new(reason),
            Self::HeaderValue(provider) => Denial {
                provider: Some(provider),
                ..Denial::new(Reason::HeaderValue)
            },
            Self::Method(methods) => Denial {
                methods,
                ..Denial::new(Reason::Method)
            },
            Self::Refused(refusal) => Denial {
                provider: refusal.provider(),
                retry_after: refusal.wait().map(whole_seconds),
                ..Denial::new(refusal.reason()?)
            },
            Self::Short(provider, shortfall) => Denial {
                provider: Some(provider),
                ..insufficient(shortfall)
            },
        })
    }
}

/// Makes the denial of a token that lacks these rights.
fn insufficient(shortfall: Shortfall) -> Denial {
    match shortfall {
        Shortfall::Authentication(required, words) => Denial {
            scopes: words.map_or_else(Vec::new, |words| words.words().to_vec()),
            authentication: Some(required),
            ..Denial::new(Reason::Authentication)
        },
        Shortfall::Claim => Denial::new(Reason::InsufficientClaim),
        Shortfall::ClientId => Denial::new(Reason::InsufficientClient),
        Shortfall::Role => Denial::new(Reason::InsufficientRole),
        Shortfall::Scope(words) => Denial {
            scopes: words.words().to_vec(),
            ..Denial::new(Reason::InsufficientScope)
        },
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
