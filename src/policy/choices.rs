//! Choices that hold for every request.

/// What happens to a request that no rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// It passes, without identity.
    Allow,
    /// It is refused: nothing is public by omission.
    Deny,
}

/// What happens to a path, method or authority that Envoy, this module and the upstream could read
/// differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPolicy {
    /// Rules see them as they came, as in `jwt_authn`.
    Raw,
    /// The request is refused with 400.
    Reject,
}

/// Which requests ask for their route's own policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteLookup {
    /// Every request.
    Always,
    /// One request a second (`route_policies: off`), so that an unexpected policy is noticed.
    Sampled,
}

/// Whether decisions block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Denials are answered.
    Enforce,
    /// Denials are recorded and the request passes without identity.
    Shadow,
}
