//! What a route of the proxy says about its requests.
//!
//! Envoy's routes carry metadata; in the namespace `portcullis` it takes the place of what typed
//! per-route configuration is to `jwt_authn`. It is the operator's word, as the rules are, and the
//! more specific one. What cannot be understood denies: a policy that is misspelt must not leave
//! its route to a laxer one.

use crate::policy::{Authorization, Requirement};

/// What a route says.
#[derive(Clone, Debug, PartialEq)]
pub enum RoutePolicy {
    /// The rules' requirement, but this must be granted (`authorize`).
    Authorize(Authorization),
    /// No token is asked for (`disabled`).
    Disabled,
    /// These tokens, whatever the rules say (`requirement_name`).
    Require {
        /// The tokens.
        requirement: Requirement,
        /// What a verified one must grant.
        authorization: Option<Authorization>,
    },
    /// Nothing that could be understood; the request is denied.
    Unreadable,
}
