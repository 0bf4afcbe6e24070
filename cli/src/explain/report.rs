//! What was found out, and its JSON, whose shape is kept.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use super::printable::printable;
use crate::outcome::Failure;
use portcullis::{decision::Reason, jose::base64url, verification::Outcome};

/// The answer.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The request is allowed; without one, some provider accepts the token.
    pub(super) accepted: bool,
    pub(super) token: TokenReport,
    pub(super) providers: Vec<ProviderReport>,
    pub(super) request: Option<RequestReport>,
}

/// The checks that need no provider.
#[derive(Debug, Serialize)]
pub(super) struct TokenReport {
    /// As far as they can be read; nobody has verified them.
    pub(super) header: Option<Value>,
    pub(super) claims: Option<Value>,
    /// What a request with it would be answered, whatever the provider.
    pub(super) status: Option<u16>,
    pub(super) reason: Option<&'static str>,
    pub(super) checks: Vec<Step>,
}

/// Why a token is refused by every provider.
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) reason: Reason,
    pub(super) detail: String,
}

/// A check.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) check: &'static str,
    pub(super) outcome: StepOutcome,
    pub(super) detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StepOutcome {
    Failed,
    Passed,
}

/// The checks of the token at one provider.
#[derive(Debug, Serialize)]
pub(super) struct ProviderReport {
    pub(super) name: String,
    /// Its issuer is the token's.
    pub(super) names_issuer: bool,
    pub(super) accepted: bool,
    /// What a request with it would be answered.
    pub(super) status: Option<u16>,
    pub(super) reason: Option<&'static str>,
    pub(super) checks: Vec<Step>,
}

/// The decision on the request.
#[derive(Debug, Serialize)]
pub(super) struct RequestReport {
    pub(super) method: String,
    pub(super) path: String,
    /// The rule that it is for, counted from 0.
    pub(super) rule: Option<usize>,
    pub(super) decision: &'static str,
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) provider: Option<String>,
    pub(super) detail: String,
}

impl TokenReport {
    /// What of a token can be read, be it valid or not. The signature is not looked at.
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

    /// Adds a check: what holds, or why it does not.
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
