//! The path of the status report, and the token that a client needs to read the report.

use crate::policy::Demand;

/// The path that serves the status report (`status`).
#[derive(Clone, Debug, PartialEq)]
pub struct StatusPath {
    /// The exact path of the report.
    pub path: String,
    /// What is demanded of a client. If this is `None`, anyone can read the report
    /// (`unprotected`).
    pub demand: Option<Demand>,
    /// The URL of the protected API. The report shows operators this URL as configured.
    pub base_url: Option<String>,
}
