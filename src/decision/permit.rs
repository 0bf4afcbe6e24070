//! Permission for a request to pass, with the changes to make to the request.

use crate::{
    decision::{Denial, HeaderEdit, Reason, StateEntry},
    policy::ProviderId,
};

/// Permission for a request to pass, with the header edits that make the request's identity headers
/// trustworthy. Only the engine makes permits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permit {
    /// Why the request may pass.
    pub reason: PermitReason,
    /// The provider whose token or client secret was accepted.
    pub provider: Option<ProviderId>,
    /// The edits of the request's headers, in order.
    pub edits: Vec<HeaderEdit>,
    /// The entries to write to the filter state for other filters.
    pub exports: Vec<StateEntry>,
    /// True if the proxy must choose the route again, even if there are no edits.
    pub clears_route_cache: bool,
}

impl Permit {
    /// Makes a permit with these edits, without a provider and without exports.
    pub(crate) const fn new(reason: PermitReason, edits: Vec<HeaderEdit>) -> Self {
        Self {
            reason,
            provider: None,
            edits,
            exports: Vec::new(),
            clears_route_cache: false,
        }
    }
}

/// Why a request may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermitReason {
    /// The request is a CORS preflight.
    CorsPreflight,
    /// The rule lets a request pass without a verified token (`allow_missing` or
    /// `allow_missing_or_failed`).
    Lenient,
    /// The rule requires no token.
    NotRequired,
    /// The request would have been refused, but shadow mode (`mode: shadow`) lets it pass.
    Shadow(Denial),
    /// No rule matches the request, and the setting `unmatched` allows such requests.
    Unmatched,
    /// The token or client secret is verified, and it grants the rights that the rule requires.
    Verified,
}

impl PermitReason {
    /// The reason's name in the output of the command line program.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::CorsPreflight => "cors_preflight",
            Self::Lenient => "lenient",
            Self::NotRequired => "not_required",
            Self::Shadow(_) => "shadow",
            Self::Unmatched => "unmatched",
            Self::Verified => "verified",
        }
    }

    /// The reason for which the request would have been refused without shadow mode.
    #[must_use]
    pub const fn shadowed(&self) -> Option<Reason> {
        match self {
            Self::Shadow(denial) => Some(denial.reason),
            _ => None,
        }
    }
}
