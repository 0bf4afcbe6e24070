//! Settings that apply to every request.

/// What happens to a request that no rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// The request passes, without an identity.
    Allow,
    /// The request is refused, so that nothing is public by omission.
    Deny,
}

/// How to handle a path, method or authority that Envoy, Portcullis and the upstream could read
/// differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPolicy {
    /// As in `jwt_authn`, rules are compared with the path, method and authority that the client
    /// sent.
    Raw,
    /// The request is refused with 400.
    Reject,
}

/// How the conditions of rules are compared with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What happens to a request that servers could read in different ways.
    pub path_policy: PathPolicy,
    /// The maximum length of a text to which a regular expression is applied, in bytes. Matching
    /// takes time proportional to the length: several milliseconds for 50 kB, for each expression
    /// and before any token is verified.
    pub regex_bytes: usize,
}

impl Comparison {
    /// `path_policy: reject`, without a limit on texts for regular expressions. Only for texts from
    /// the configuration, which no client controls.
    pub(crate) const STRICT: Self = Self {
        path_policy: PathPolicy::Reject,
        regex_bytes: usize::MAX,
    };

    /// The maximum length of the text that is compared for one request, if the text is compared
    /// repeatedly.
    #[must_use]
    pub const fn total_bytes(self) -> usize {
        self.regex_bytes.saturating_mul(4)
    }

    /// Returns true if a request that servers could read in different ways is refused.
    pub(super) fn rejects(self) -> bool {
        self.path_policy == PathPolicy::Reject
    }
}

/// How often Portcullis looks up the policy of a request's route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteLookup {
    /// For every request.
    Always,
    /// For one request per second (`route_policies: off`). This lookup detects routes that have a
    /// policy although the configuration turns route policies off.
    Sampled,
}

/// What happens to denied requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A denied request gets an error response.
    Enforce,
    /// The denial is recorded, and the request passes without an identity.
    Shadow,
}
