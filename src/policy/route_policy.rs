//! A policy that one of the proxy's routes sets for its requests.
//!
//! Envoy's routes have metadata, whose namespace `portcullis` holds the policy. The policy takes
//! the place of the typed per-route configuration of `jwt_authn`. The operator writes it, and it is
//! more specific than the rules. If it cannot be parsed, requests are denied: otherwise a misspelt
//! policy would leave its route to a laxer rule.

use crate::policy::{Authorization, Requirement};

/// The policy of a route.
#[derive(Clone, Debug, PartialEq)]
pub enum RoutePolicy {
    /// The rules' requirement applies, but with this authorization (`authorize`).
    Authorize(Authorization),
    /// No token is required (`disabled`).
    Disabled,
    /// These tokens are required, regardless of the rules (`requirement_name`).
    Require {
        /// The required tokens.
        requirement: Requirement,
        /// The rights that a verified token must grant.
        authorization: Option<Authorization>,
    },
    /// The metadata cannot be parsed; the request is denied.
    Unreadable,
}
