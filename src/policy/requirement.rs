//! Which tokens a rule asks for.

use std::collections::BTreeMap;

use crate::{
    http::HeaderName,
    policy::{Audiences, Authorization, ProviderId, RouteMatch},
};

/// Requirements by a value that another filter has left in the filter state.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterStateRules {
    /// The value's name.
    pub name: String,
    /// What each value asks for.
    pub requires: BTreeMap<String, Requirement>,
}

/// One of the operator's rules.
#[derive(Debug)]
pub struct Rule {
    /// The requests that it is for.
    pub route: RouteMatch,
    /// The tokens that it asks for; `None` asks for none.
    pub requirement: Option<Requirement>,
    /// What a verified token must grant.
    pub authorization: Option<Authorization>,
}

/// Which tokens a request must carry: a tree whose leaves are providers.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirement {
    /// Every one must hold (`requires_all`).
    All(Vec<Requirement>),
    /// No token is fine; one that is there must verify (`allow_missing`).
    AllowMissing,
    /// Always holds; a token that verifies lends its identity (`allow_missing_or_failed`).
    AllowMissingOrFailed,
    /// Always holds, and without looking at any signature: whoever made the token says who they are
    /// (`extract_only_without_validation`).
    ExtractOnly(Extraction),
    /// The first that holds, in order (`requires_any`).
    Any(Vec<Requirement>),
    /// A token of this provider.
    Provider {
        /// The provider.
        provider: ProviderId,
        /// In place of the provider's own audiences (`provider_and_audiences`).
        audiences: Option<Audiences>,
    },
}

/// How claims are passed on that nobody has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// The header that says so to those who read the claims; `None` leaves them to guess.
    pub status_header: Option<HeaderName>,
}

impl Requirement {
    /// Calls `visit` with each [`Extraction`] in the tree.
    pub fn each_extraction<'a>(&'a self, visit: &mut impl FnMut(&'a Extraction)) {
        match self {
            Self::ExtractOnly(extraction) => visit(extraction),
            Self::Any(members) | Self::All(members) => {
                for member in members {
                    member.each_extraction(visit);
                }
            }
            Self::AllowMissing | Self::AllowMissingOrFailed | Self::Provider { .. } => {}
        }
    }

    /// Whether it may let claims through that nobody has verified.
    #[must_use]
    pub fn extracts(&self) -> bool {
        let mut found = false;
        self.each_extraction(&mut |_| found = true);
        found
    }

    /// Calls `visit` with each provider named in the tree, in order, and with the audiences that
    /// stand in place of the provider's own.
    pub fn each_provider<'a>(&'a self, visit: &mut impl FnMut(ProviderId, Option<&'a Audiences>)) {
        match self {
            Self::Provider {
                provider,
                audiences,
            } => visit(*provider, audiences.as_ref()),
            Self::Any(members) | Self::All(members) => {
                for member in members {
                    member.each_provider(visit);
                }
            }
            Self::AllowMissing | Self::AllowMissingOrFailed | Self::ExtractOnly(_) => {}
        }
    }

    /// Whether a request without any token fulfils it.
    #[must_use]
    pub fn admits_anyone(&self) -> bool {
        match self {
            Self::All(members) => members.iter().all(Self::admits_anyone),
            Self::Any(members) => members.iter().any(Self::admits_anyone),
            Self::Provider { .. } => false,
            Self::AllowMissing | Self::AllowMissingOrFailed | Self::ExtractOnly(_) => true,
        }
    }

    /// Whether a part that admits requests without a token has no provider next to it in its
    /// `requires_any`. Next to a provider it concerns that provider's tokens, alone it concerns
    /// those of all providers, as in `jwt_authn`.
    #[must_use]
    pub fn asks_anyone(&self) -> bool {
        match self {
            Self::All(members) => members.iter().any(Self::asks_anyone),
            Self::Any(members) => {
                let is_group = |member: &&Self| matches!(member, Self::All(_) | Self::Any(_));
                !self.names_provider() || members.iter().filter(is_group).any(Self::asks_anyone)
            }
            Self::Provider { .. } => false,
            Self::AllowMissing | Self::AllowMissingOrFailed | Self::ExtractOnly(_) => true,
        }
    }

    /// Whether some part asks for a provider's token.
    #[must_use]
    pub fn names_provider(&self) -> bool {
        let mut names = false;
        self.each_provider(&mut |_, _| names = true);
        names
    }
}
