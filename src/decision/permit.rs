//! How a request that may pass is changed.

use crate::{
    decision::{Denial, Reason, StateEntry, Text},
    policy::ProviderId,
};

/// Leave to pass, and the edits that make the request's identity trusted. Only the engine makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permit {
    /// Why it may pass.
    pub reason: PermitReason,
    /// The provider whose token counted.
    pub provider: Option<ProviderId>,
    /// Edits, to be made in order.
    pub edits: Vec<HeaderEdit>,
    /// What other filters get to know.
    pub exports: Vec<StateEntry>,
    /// The proxy is to choose the route anew, edits or none.
    pub clears_route_cache: bool,
}

/// Why a request may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermitReason {
    /// A CORS preflight request.
    CorsPreflight,
    /// The rule's requirement let it through without a verified token.
    Lenient,
    /// The rule asks for no token.
    NotRequired,
    /// It would have been refused, but rules do not block (`mode: shadow`).
    Shadow(Denial),
    /// No rule is for it, and `unmatched` allows it.
    Unmatched,
    /// Its token verified, and grants enough.
    Verified,
}

/// One change of a request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderEdit {
    /// Every line of this header goes.
    Remove(Text),
    /// This header stands once, with this value.
    Set(Text, Text),
}

impl PermitReason {
    /// Its name on the command line.
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

    /// Why it would have been refused.
    #[must_use]
    pub const fn shadowed(&self) -> Option<Reason> {
        match self {
            Self::Shadow(denial) => Some(denial.reason),
            _ => None,
        }
    }
}
