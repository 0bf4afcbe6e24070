//! The policy that an Envoy route sets for its requests.
//!
//! The policy is in the namespace `portcullis` of the route's metadata. It serves the same purpose
//! as the typed per-route configuration of `jwt_authn`. The operator writes the policy for one
//! route, so the policy takes precedence over the rules. If the policy cannot be parsed, requests
//! are denied: otherwise a less strict rule could apply to a route whose policy contains a typo.

use crate::policy::{Authorization, Demand};

/// The policy of a route.
#[derive(Clone, Debug, PartialEq)]
pub enum RoutePolicy {
    /// The requirement of the matching rule applies, but with this authorization instead of the
    /// rule's own (`authorize`).
    Authorize(Authorization),
    /// No token is required (`disabled`).
    Disabled,
    /// This demand applies, regardless of the rules (`requirement_name`).
    Require(Demand),
    /// The metadata cannot be parsed, so the request is denied.
    Unreadable,
}
