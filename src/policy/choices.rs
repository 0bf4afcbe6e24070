//! Choices that apply to every request.

/// What happens to a request that no rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// The request passes, without identity.
    Allow,
    /// The request is refused, so that nothing is public by omission.
    Deny,
}

/// How to handle a path, method or authority that Envoy, Portcullis and the upstream could read
/// differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPolicy {
    /// Rules are matched against the text as sent, as in `jwt_authn`.
    Raw,
    /// The request is refused with 400.
    Reject,
}

/// Which requests look up the policy of their route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteLookup {
    /// Every request.
    Always,
    /// One request per second (`route_policies: off`), so that an unexpected policy is noticed.
    Sampled,
}

/// Whether denials block requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A denied request gets an error response.
    Enforce,
    /// A denial is recorded, and the request passes without identity.
    Shadow,
}
