//! The tokens that a rule requires.

use std::collections::BTreeMap;

use crate::{
    http::HeaderName,
    policy::{Audiences, Authorization, ProviderId, RouteMatch},
};

/// A table of requirements, one for each value of an entry in Envoy's filter state. Another filter
/// writes the entry's value and so selects the requirement for a request.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterStateRules {
    /// The name of the filter-state entry that contains the value.
    pub name: String,
    /// The requirement for each value.
    pub requires: BTreeMap<String, Requirement>,
}

/// One of the operator's rules.
#[derive(Debug)]
pub struct Rule {
    /// The requests that the rule applies to.
    pub route: RouteMatch,
    /// What the rule demands of a request. If this is `None`, no token is required.
    pub demand: Option<Demand>,
}

impl Rule {
    /// The required tokens. If this is `None`, no token is required.
    #[must_use]
    pub fn requirement(&self) -> Option<&Requirement> {
        self.demand.as_ref().map(Demand::requirement)
    }

    /// The rights that a verified token must grant, if any.
    #[must_use]
    pub fn authorization(&self) -> Option<&Authorization> {
        self.demand.as_ref().and_then(Demand::authorization)
    }

    /// Returns true if this rule refuses every request without a token.
    #[must_use]
    pub fn requires_token(&self) -> bool {
        self.demand.as_ref().is_some_and(Demand::requires_token)
    }
}

/// The tokens that a request must carry, and the rights that one of these tokens must grant.
///
/// Rights need a requirement, because it says which providers' tokens can grant them. Rights are
/// never read from unverified claims, which anyone can forge.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    requirement: Requirement,
    authorization: Option<Authorization>,
}

impl Demand {
    /// Combines a requirement with the rights that a verified token must grant. Returns `None` if
    /// there are such rights, but the requirement may pass on unverified claims.
    #[must_use]
    pub fn new(requirement: Requirement, authorization: Option<Authorization>) -> Option<Self> {
        if authorization.is_some() && requirement.extracts() {
            return None;
        }
        Some(Self {
            requirement,
            authorization,
        })
    }

    /// The required tokens.
    #[must_use]
    pub const fn requirement(&self) -> &Requirement {
        &self.requirement
    }

    /// The rights that a verified token must grant, if any.
    #[must_use]
    pub const fn authorization(&self) -> Option<&Authorization> {
        self.authorization.as_ref()
    }

    /// Returns true if every request without a token is refused.
    #[must_use]
    pub fn requires_token(&self) -> bool {
        self.authorization.is_some() || !self.requirement.admits_anyone()
    }
}

/// The tokens that a request must carry. A requirement is a tree in which `All` and `Any` combine
/// other requirements.
#[derive(Clone, Debug, PartialEq)]
pub enum Requirement {
    /// A requirement that holds if every member holds (`requires_all`).
    All(Vec<Requirement>),
    /// A requirement that holds if the request has no token, or if its token is valid
    /// (`allow_missing`).
    AllowMissing,
    /// A requirement that always holds. A valid token still provides the caller's identity
    /// (`allow_missing_or_failed`).
    AllowMissingOrFailed,
    /// A requirement that always holds. Portcullis passes on the token's claims without checking
    /// the signature, so the claims may be forged (`extract_only_without_validation`).
    ExtractOnly(Extraction),
    /// A requirement that holds if at least one member holds (`requires_any`). Portcullis uses the
    /// first member that holds with a token. Members that name no provider are tried last.
    Any(Vec<Requirement>),
    /// A requirement that holds if the request has a valid token of this provider.
    Provider {
        /// The provider.
        provider: ProviderId,
        /// The audiences that replace the provider's own audiences (`provider_and_audiences`).
        audiences: Option<Audiences>,
    },
}

/// How unverified claims are passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// The header that marks the claims as unverified. Without this header, the upstream cannot
    /// distinguish unverified claims from verified ones.
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

    /// Returns true if the tree may pass on unverified claims.
    #[must_use]
    pub fn extracts(&self) -> bool {
        let mut found = false;
        self.each_extraction(&mut |_| found = true);
        found
    }

    /// Calls `visit` for each [`Requirement::Provider`] in the tree, in order. The arguments of
    /// `visit` are this member's provider and audiences.
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

    /// Returns true if a request without a token satisfies the requirement.
    #[must_use]
    pub fn admits_anyone(&self) -> bool {
        match self {
            Self::All(members) => members.iter().all(Self::admits_anyone),
            Self::Any(members) => members.iter().any(Self::admits_anyone),
            Self::Provider { .. } => false,
            Self::AllowMissing | Self::AllowMissingOrFailed | Self::ExtractOnly(_) => true,
        }
    }

    /// Returns true if the tree has a member such as `allow_missing` that applies to the tokens of
    /// all providers. As in `jwt_authn`, the position of such a member in the tree decides which
    /// tokens it applies to. If it is in a `requires_any` that also names providers, it applies
    /// only to the tokens of these providers. Anywhere else, it applies to the tokens of all
    /// providers.
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

    /// Returns true if the tree names at least one provider.
    #[must_use]
    pub fn names_provider(&self) -> bool {
        let mut names = false;
        self.each_provider(&mut |_, _| names = true);
        names
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn unverified_claims_grant_no_rights() {
        let unverified = || {
            Requirement::ExtractOnly(Extraction {
                status_header: None,
            })
        };
        for (requirement, extracts) in [
            (Requirement::AllowMissing, false),
            (unverified(), true),
            (
                Requirement::Any(vec![Requirement::AllowMissing, unverified()]),
                true,
            ),
        ] {
            let rights = Some(Authorization::default());
            let demand = Demand::new(requirement.clone(), rights);
            assert_eq!(demand.is_none(), extracts, "{requirement:?}");
            assert!(demand.is_none_or(|demand| demand.requires_token()));
            let demand = Demand::new(requirement, None);
            assert!(demand.is_some_and(|demand| !demand.requires_token()));
        }
    }

    #[test]
    fn a_part_without_a_provider_next_to_one_applies_only_to_its_tokens() {
        use Requirement::{All, AllowMissing, AllowMissingOrFailed, Any};
        let provider = || Requirement::Provider {
            provider: ProviderId::new(0),
            audiences: None,
        };
        for (requirement, expected) in [
            (AllowMissing, true),
            (provider(), false),
            (All(vec![provider(), AllowMissing]), true),
            (All(vec![provider(), provider()]), false),
            (Any(vec![AllowMissing, AllowMissingOrFailed]), true),
            (Any(vec![provider(), AllowMissing]), false),
            (Any(vec![provider(), Any(vec![AllowMissing])]), true),
            (Any(vec![provider(), All(vec![provider()])]), false),
        ] {
            assert_eq!(requirement.asks_anyone(), expected, "{requirement:?}");
        }
    }
}
