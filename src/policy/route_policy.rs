//! A policy that one of the proxy's routes sets for its requests.
//!
//! Envoy's routes carry metadata. Its namespace `portcullis` takes the place of the typed per-route
//! configuration of `jwt_authn`. The operator writes it, as with the rules, and it is more specific
//! than they are. Metadata that cannot be parsed denies requests: a misspelt policy must not leave
//! its route to a laxer rule.

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
        /// What a verified token must grant.
        authorization: Option<Authorization>,
    },
    /// The metadata cannot be parsed; the request is denied.
    Unreadable,
}
