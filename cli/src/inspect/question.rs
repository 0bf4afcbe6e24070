//! What the page asks, and what it gets.

use serde::{Deserialize, Serialize};

use crate::{decide::DecisionLine, explain::report::Report, finding::Finding};

/// What the page asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    pub(super) policy: String,
    /// The filter, in a file of Envoy with several.
    pub(super) filter: Option<String>,
    pub(super) credential: Credential,
    pub(super) jwks: Option<KeySetText>,
    pub(super) method: String,
    pub(super) path: String,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// What the request carries.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Credential {
    /// No token.
    None,
    /// A signed token.
    Token(String),
    /// Claims, of which a token is made.
    Claims {
        /// The provider that signs; without a name, the one that the rule asks for.
        provider: Option<String>,
        /// A JSON object, laid over a valid set of claims.
        claims: String,
    },
}

/// The keys of a provider that fetches them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeySetText {
    pub(super) provider: String,
    pub(super) document: String,
}

/// What the page shows.
#[derive(Default, Serialize)]
pub(super) struct Answer {
    pub(super) findings: Vec<Finding>,
    /// The filters of an Envoy file, by name.
    pub(super) filters: Vec<String>,
    /// The chosen filter.
    pub(super) filter: Option<String>,
    pub(super) providers: Vec<ProviderSummary>,
    /// Why there is no decision although the policy may be good.
    pub(super) problem: Option<Problem>,
    pub(super) rule: Option<RulePlace>,
    pub(super) report: Option<Report>,
    pub(super) decision: Option<DecisionLine>,
}

/// A provider of tokens.
#[derive(Serialize)]
pub(super) struct ProviderSummary {
    pub(super) name: String,
    /// Whether its keys are fetched, so that the page has none of them.
    pub(super) fetches_keys: bool,
}

/// The rule of the request.
#[derive(Serialize)]
pub(super) struct RulePlace {
    pub(super) index: usize,
    pub(super) line: Option<usize>,
}

/// An input that cannot be used.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    pub(super) input: Input,
    pub(super) message: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Input {
    Claims,
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
