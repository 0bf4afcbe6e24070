//! The health of an authorization server: whether its tokens can be verified, and whether its keys
//! can be fetched.

use crate::{config::Provider, keys::KeyReport, policy::Scheme};

/// The health of a provider. The variants are sorted by urgency, the most urgent first.
///
/// The health is not the same as the `status` in the report. The status only says whether the
/// configuration enables the provider, so a provider without keys is still `enabled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// The provider has no keys, so none of its tokens can be verified.
    Unavailable,
    /// The provider has keys for its tokens, but the last fetch failed or the keys are stale.
    Degraded,
    /// The first fetch of the provider's keys has not ended yet.
    Starting,
    /// The provider's tokens can be verified.
    Working,
    /// The configuration disables the provider.
    Disabled,
}

impl Health {
    /// All variants, the most urgent first.
    pub(super) const ALL: [Self; 5] = [
        Self::Unavailable,
        Self::Degraded,
        Self::Starting,
        Self::Working,
        Self::Disabled,
    ];

    pub(super) fn of(provider: &Provider, keys: &KeyReport<'_>) -> Self {
        let has_failed = keys.last_error.is_some();
        if !provider.is_enabled() {
            Self::Disabled
        } else if keys.keys.is_empty() && provider.scheme() != Scheme::Basic {
            if has_failed || keys.status.fetched_at.is_some() {
                Self::Unavailable
            } else {
                Self::Starting
            }
        } else if has_failed || keys.status.is_stale {
            Self::Degraded
        } else {
            Self::Working
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Degraded => "degraded",
            Self::Starting => "starting",
            Self::Working => "working",
            Self::Disabled => "disabled",
        }
    }

    /// The beginning and the end of a sentence about the servers with this health. The number of
    /// these servers goes in between.
    pub(super) const fn summary(self) -> (&'static str, &'static str) {
        match self {
            Self::Unavailable => ("Tokens of ", " cannot be verified"),
            Self::Degraded => ("Keys of ", " cannot be refreshed"),
            Self::Starting => ("The first keys of ", " have not arrived yet"),
            Self::Working | Self::Disabled => ("Tokens of ", " can be verified"),
        }
    }
}
