//! The path of the status report, and access to it.

use crate::policy::{Authorization, Requirement};

/// The path that serves the status report (`status`).
#[derive(Clone, Debug, PartialEq)]
pub struct StatusPath {
    /// The path, compared exactly.
    pub path: String,
    /// The token that it requires; `None` shows the report to anyone (`unprotected`).
    pub requirement: Option<Requirement>,
    /// What that token must grant.
    pub authorization: Option<Authorization>,
    /// The address of the protected API, shown to operators unchanged.
    pub base_url: Option<String>,
}
