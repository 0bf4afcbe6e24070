//! Where operators look, and who may.

use crate::policy::{Authorization, Requirement};

/// `status`: a path that is answered with how the authorization servers stand.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusPath {
    /// The path, exactly.
    pub path: String,
    /// The token that it asks for; `None` shows it to anyone (`unprotected`).
    pub requirement: Option<Requirement>,
    /// What that token must grant.
    pub authorization: Option<Authorization>,
    /// Where the protected API is, told to operators as it is written.
    pub base_url: Option<String>,
}
