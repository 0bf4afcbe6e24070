//! The questions that the playground page asks, and the answers that it gets.

use serde::{Deserialize, Serialize};

use crate::{explain::report::Report, finding::Finding, trial::DecisionLine};

/// A question from the page: how the policy decides on a request with a credential.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    pub(super) policy: String,
    /// The name of the filter to use, in an Envoy file with several filters.
    pub(super) filter: Option<String>,
    pub(super) credential: Credential,
    pub(super) jwks: Option<KeySetText>,
    pub(super) method: String,
    pub(super) path: String,
    /// Further headers of the request: one `NAME: VALUE` per line.
    #[serde(default)]
    pub(super) headers: String,
    /// The time of the decision, in seconds since 1970.
    pub(super) now: u64,
}

/// The credential of the request.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Credential {
    /// No token.
    None,
    /// A signed token.
    Token(String),
    /// Claims, from which a signed token is made.
    Claims {
        /// The provider whose key signs the token. `None` means the first provider that the
        /// request's rule names, or else the first provider of the policy that accepts tokens.
        provider: Option<String>,
        /// A JSON object with claims. By default, the token has claims that the provider accepts;
        /// each claim given here replaces the default of the same name.
        claims: String,
    },
}

/// A key set for a provider whose keys the module fetches when it runs in Envoy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeySetText {
    pub(super) provider: String,
    pub(super) document: String,
}

/// The answer that the page shows.
#[derive(Default, Serialize)]
pub(super) struct Answer {
    pub(super) findings: Vec<Finding>,
    /// The names of the Portcullis filters, if the policy is an Envoy file.
    pub(super) filters: Vec<String>,
    /// The name of the chosen filter.
    pub(super) filter: Option<String>,
    pub(super) providers: Vec<ProviderSummary>,
    /// The reason why there is no decision, unless the findings already say it.
    pub(super) problem: Option<Problem>,
    pub(super) rule: Option<RulePlace>,
    pub(super) report: Option<Report>,
    pub(super) decision: Option<DecisionLine>,
}

/// A provider that accepts tokens.
#[derive(Serialize)]
pub(super) struct ProviderSummary {
    pub(super) name: String,
    /// Whether the provider fetches its keys. The page cannot fetch them.
    pub(super) fetches_keys: bool,
}

/// The rule that the request matches.
#[derive(Serialize)]
pub(super) struct RulePlace {
    pub(super) index: usize,
    pub(super) line: Option<usize>,
}

/// An input of the page that cannot be used, and the reason.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    pub(super) input: Input,
    pub(super) message: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Input {
    Claims,
    Headers,
    Jwks,
    Policy,
    Token,
}

impl Input {
    pub(super) fn problem(self, message: impl Into<String>) -> Problem {
        Problem {
            input: self,
            message: message.into(),
        }
    }
}
