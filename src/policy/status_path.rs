//! The path of the status report, and access to it.

use crate::policy::{Authorization, Requirement};

/// The path that serves the status report (`status`).
#[derive(Clone, Debug, PartialEq)]
pub struct StatusPath {
    /// The path, compared exactly.
    pub path: String,
    /// The required token. `None` shows the report to anyone (`unprotected`).
    pub requirement: Option<Requirement>,
    /// The rights that the token must grant.
    pub authorization: Option<Authorization>,
    /// The address of the protected API, shown to operators unchanged.
    pub base_url: Option<String>,
}
