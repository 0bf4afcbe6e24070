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
