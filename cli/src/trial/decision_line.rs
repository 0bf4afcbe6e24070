//! A decision as a line of JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use portcullis::decision::Reason;

/// One decision, as a line of the output.
#[derive(Debug, Serialize)]
pub(crate) struct DecisionLine {
    pub(super) id: Value,
    pub(crate) decision: &'static str,
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) provider: Option<String>,
    pub(crate) response_headers: Vec<(&'static str, String)>,
    /// All headers that the upstream would receive; empty if the request is not forwarded.
    pub(crate) forwarded_headers: Vec<(String, String)>,
    /// The names of headers that the client sent and that do not reach the upstream.
    pub(crate) removed_headers: Vec<String>,
    /// The index of the rule that the request matches.
    #[serde(skip)]
    pub(crate) rule: Option<usize>,
    /// Why the request is denied, or would be denied outside shadow mode.
    #[serde(skip)]
    pub(crate) denied: Option<Reason>,
    /// The names of headers that Portcullis has set or changed.
    #[serde(skip)]
    pub(crate) set_headers: Vec<String>,
    /// The filter state that the filters behind Portcullis would see.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) filter_state: BTreeMap<String, String>,
}

impl DecisionLine {
    /// Replaces the token with a placeholder in the headers that the upstream would receive.
    pub(crate) fn without(mut self, token: &str) -> Self {
        for (_, value) in &mut self.forwarded_headers {
            *value = value.replace(token, "(the token)");
        }
        self
    }
}
