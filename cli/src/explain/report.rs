//! The report of `explain`. Programs may read its JSON, so the names in it must not change.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use super::detail;
use super::printable::printable;
use crate::outcome::Failure;
use portcullis::{
    decision::Reason,
    jose::base64url,
    policy::ProviderId,
    verification::{Check, Outcome},
};

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether the request is allowed; without a request, whether any provider accepts the token.
    pub(super) accepted: bool,
    pub(super) token: TokenReport,
    pub(crate) providers: Vec<ProviderReport>,
    pub(super) request: Option<RequestReport>,
}

/// The checks that do not depend on a provider.
#[derive(Debug, Serialize)]
pub(crate) struct TokenReport {
    /// The header, if it can be decoded. Neither the header nor the claims have been verified.
    pub(super) header: Option<Value>,
    pub(super) claims: Option<Value>,
    /// The status code of the response, if the token is refused before any provider checks it.
    pub(super) status: Option<u16>,
    pub(super) reason: Option<&'static str>,
    pub(crate) checks: Vec<Step>,
}

impl Report {
    /// Replaces the remedy for missing keys. The program's own remedy names a command-line option;
    /// the new remedy names the input field of the playground page.
    pub(crate) fn point_to_page(&mut self) {
        let all = self.providers.iter_mut();
        for step in all.flat_map(|provider| &mut provider.checks) {
            if step.check == detail::label(Check::Keys) && step.outcome == StepOutcome::Failed {
                "none known; paste the provider's key set below the token"
                    .clone_into(&mut step.detail);
            }
        }
    }
}

/// A refusal that does not depend on the provider.
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) reason: Reason,
    pub(crate) detail: String,
}

/// One check and its outcome.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) check: &'static str,
    pub(crate) outcome: StepOutcome,
    pub(crate) detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepOutcome {
    Failed,
    Passed,
}

/// The results of the checks that one provider's settings require.
#[derive(Debug, Serialize)]
pub(crate) struct ProviderReport {
    #[serde(skip)]
    pub(super) id: ProviderId,
    pub(crate) name: String,
    /// Whether the provider accepts the token's issuer.
    pub(super) names_issuer: bool,
    pub(super) accepted: bool,
    /// The status code of the response to a request with this token.
    pub(super) status: Option<u16>,
    pub(super) reason: Option<&'static str>,
    pub(crate) checks: Vec<Step>,
}

/// The decision on the request.
#[derive(Debug, Serialize)]
pub(crate) struct RequestReport {
    pub(super) method: String,
    pub(super) path: String,
    /// The index of the rule that the request matches.
    pub(super) rule: Option<usize>,
    /// The line of this rule in the file.
    pub(super) line: Option<usize>,
    /// The requests that this rule is for.
    #[serde(rename = "match")]
    pub(super) conditions: Option<String>,
    /// The name of the policy's file.
    #[serde(skip)]
    pub(super) file: String,
    pub(super) decision: &'static str,
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) provider: Option<String>,
    pub(crate) detail: String,
    /// The headers that Portcullis sets, and the headers that still carry the token.
    pub(super) forwards: Vec<(String, String)>,
    /// The names of headers that the client sent and that do not reach the API.
    pub(super) removes: Vec<String>,
}

impl TokenReport {
    /// Decodes the header and the claims of a token, even if the token is not valid. Ignores the
    /// signature.
    pub(super) fn new(text: &str) -> Self {
        let mut segments = text.split('.').map(|segment| {
            let bytes = base64url::decode(segment)?;
            serde_json::from_slice(&bytes).ok().filter(Value::is_object)
        });
        Self {
            header: segments.next().flatten(),
            claims: segments.next().flatten(),
            status: None,
            reason: None,
            checks: Vec::new(),
        }
    }

    /// Adds a check. `result` is a detail if the check passed, or a refusal if it failed.
    pub(super) fn add(&mut self, check: &'static str, result: Result<String, Refused>) {
        let (outcome, detail) = match result {
            Ok(detail) => (StepOutcome::Passed, detail),
            Err(refused) => {
                self.status = Some(refused.status);
                self.reason = Some(refused.reason.label());
                (StepOutcome::Failed, refused.detail)
            }
        };
        self.checks.push(Step {
            check,
            outcome,
            detail,
        });
    }
}

impl From<Outcome> for StepOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Failed => Self::Failed,
            Outcome::Passed => Self::Passed,
        }
    }
}

/// Writes the report as JSON.
pub(super) fn write_json(report: &Report, output: &mut dyn Write) -> Result<(), Failure> {
    let json =
        serde_json::to_string_pretty(report).map_err(|error| Failure::Usage(error.to_string()))?;
    for line in json.lines() {
        writeln!(output, "{}", printable(line))?;
    }
    Ok(())
}
