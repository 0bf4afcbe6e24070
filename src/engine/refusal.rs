//! Why a request is refused, and what the response says about it.

use core::time::Duration;

use crate::{
    decision::{READING, Reason},
    keys::WantedKeys,
    policy::{Authentication, CredentialError, ProviderId, Shortfall},
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

/// The fields of a denial that follow from the reason for the refusal. The engine adds the others,
/// such as the authentication schemes.
#[derive(Debug)]
pub(super) struct Grounds {
    pub(super) reason: Reason,
    /// The provider whose credential was checked.
    pub(super) provider: Option<ProviderId>,
    pub(super) scopes: Vec<String>,
    pub(super) authentication: Option<Authentication>,
    pub(super) methods: &'static [&'static str],
    pub(super) retry_after: Option<u64>,
}

impl From<Reason> for Grounds {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            provider: None,
            scopes: Vec::new(),
            authentication: None,
            methods: &READING,
            retry_after: None,
        }
    }
}

impl No {
    /// Returns what the denial says.
    ///
    /// # Errors
    /// Returns the wanted keys if the request waits for keys.
    pub(super) fn grounds(self) -> Result<Grounds, WantedKeys> {
        Ok(match self {
            Self::Closed(reason) => reason.into(),
            Self::HeaderValue(provider) => Grounds {
                provider: Some(provider),
                ..Reason::HeaderValue.into()
            },
            Self::Method(methods) => Grounds {
                methods,
                ..Reason::Method.into()
            },
            Self::Refused(refusal) => Grounds {
                provider: refusal.provider(),
                retry_after: refusal.wait().map(whole_seconds),
                ..refusal.reason()?.into()
            },
            Self::Short(provider, shortfall) => Grounds {
                provider: Some(provider),
                ..shortfall.into()
            },
        })
    }
}

impl From<Shortfall> for Grounds {
    fn from(shortfall: Shortfall) -> Self {
        match shortfall {
            Shortfall::Authentication(required, words) => Self {
                scopes: words.map_or_else(Vec::new, |words| words.words().to_vec()),
                authentication: Some(required),
                ..Reason::Authentication.into()
            },
            Shortfall::Claim => Reason::InsufficientClaim.into(),
            Shortfall::ClientId => Reason::InsufficientClient.into(),
            Shortfall::Role => Reason::InsufficientRole.into(),
            Shortfall::Scope(words) => Self {
                scopes: words.words().to_vec(),
                ..Reason::InsufficientScope.into()
            },
        }
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
