//! Why a requirement does not hold, and what is answered then.

use core::time::Duration;

use crate::{
    decision::{Decision, Denial, Reason},
    policy::{CredentialError, ProviderId},
    verification::Failure,
};

/// Why a requirement does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The credentials cannot be used (400).
    Credential(CredentialError),
    /// There is no credential.
    Missing,
    /// A token did not verify.
    Token(ProviderId, Failure),
}

impl Refusal {
    /// How much it says. Of several refusals the one that says most is told; keys that cannot be
    /// had above an invalid token, lest a client throw a good one away.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Token(_, Failure::Invalid(Reason::Issuer)) => 1,
            Self::Token(_, Failure::Invalid(Reason::Expired)) => 3,
            Self::Token(_, Failure::Invalid(_)) => 2,
            Self::Credential(_) => 4,
            Self::Token(_, Failure::KeysUnavailable(_)) => 5,
            Self::Token(_, Failure::AwaitKeys(..)) => 6,
        }
    }
}

impl Refusal {
    /// Why; `None` while nobody knows yet.
    pub(super) fn reason(self) -> Option<Reason> {
        match self {
            Self::Credential(error) => Some(error.into()),
            Self::Missing => Some(Reason::MissingCredential),
            Self::Token(_, Failure::AwaitKeys(..)) => None,
            Self::Token(_, Failure::Invalid(reason)) => Some(reason),
            Self::Token(_, Failure::KeysUnavailable(_)) => Some(Reason::KeysUnavailable),
        }
    }
}

impl From<Refusal> for Decision {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Credential(error) => Self::Deny(Denial::new(error.into())),
            Refusal::Missing => Self::Deny(Denial::new(Reason::MissingCredential)),
            Refusal::Token(_, Failure::AwaitKeys(source, cause)) => {
                Self::AwaitKeys { source, cause }
            }
            Refusal::Token(provider, Failure::Invalid(reason)) => {
                Self::Deny(Denial::of(reason, provider))
            }
            Refusal::Token(provider, Failure::KeysUnavailable(wait)) => {
                let mut denial = Denial::of(Reason::KeysUnavailable, provider);
                denial.retry_after = Some(whole_seconds(wait));
                Self::Deny(denial)
            }
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

/// Rounded up, and at least one: a client told to come back at once would.
fn whole_seconds(wait: Duration) -> u64 {
    let part = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(part).max(1)
}
