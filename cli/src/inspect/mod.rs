//! Checks and explains policies and tokens for the playground, a page in the browser.
//!
//! This code uses no files, no clock and no terminal: the caller passes strings and the time, and
//! receives JSON. The answer has the findings of `check` and the report of `explain`. If the user
//! enters claims instead of a token, a token with these claims is made, as in policy tests.
//! [`share()`] removes the secrets from a policy, so that a user can pass the policy on.

mod credential;
mod question;
mod sample;
mod share;
mod text;

use self::{
    question::{Answer, Input, Problem, ProviderSummary, Question, RulePlace},
    text::{chosen, filters, source},
};
use crate::{
    accepted, check,
    explain::{
        self,
        request::{HeaderLine, RequestHead},
        rule_text::Written,
    },
    input,
    outcome::Failure,
    policy_test::mint::Keys,
    redact::redacted,
    source::Source,
    trial,
};
use portcullis::config::ConfigPath;

pub use self::{sample::sample, share::share};

/// Answers questions from the page. The keys that sign tokens are generated once, and kept for
/// later questions.
#[derive(Default)]
pub struct Inspector {
    keys: Keys,
}

impl Inspector {
    /// Answers a question. Both the question and the answer are JSON.
    pub fn answer(&mut self, question: &str) -> String {
        let answer = match serde_json::from_str::<Question>(question) {
            Ok(question) => answered(&question, &mut self.keys),
            Err(error) => Answer {
                problem: Some(Input::Policy.problem(redacted(&error))),
                ..Answer::default()
            },
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }
}

fn answered(question: &Question, keys: &mut Keys) -> Answer {
    let source = source(&question.policy);
    let now = input::time(Some(question.now));
    let filters = filters(&source);
    let mut answer = Answer {
        filter: chosen(&filters, question.filter.as_deref()).map(str::to_owned),
        filters,
        ..Answer::default()
    };
    match check::findings(&source, answer.filter.as_deref(), now) {
        Ok(findings) => answer.findings = findings,
        Err(failure) => answer.problem = problem(failure),
    }
    match decided(question, &source, keys, &mut answer) {
        Ok(()) => {}
        Err(found) => answer.problem = found.or(answer.problem),
    }
    answer
}

/// Adds the report and the decision to `answer`. `Err(None)` means that the findings in `answer`
/// already say what is wrong.
fn decided(
    question: &Question,
    source: &Source,
    keys: &mut Keys,
    answer: &mut Answer,
) -> Result<(), Option<Problem>> {
    let (policy, config) = accepted::read(source, answer.filter.as_deref()).map_err(problem)?;
    answer.providers = accepted::token_providers(&config)
        .map(|(_, provider)| ProviderSummary {
            name: provider.name.clone(),
            fetches_keys: provider.remote_keys().is_some(),
        })
        .collect();
    let headers = headers(&question.headers)?;
    let request = RequestHead {
        method: &question.method,
        path: &question.path,
        headers: &headers,
    };
    let prepared = credential::prepare(question, request, &policy.value, config, keys)?;
    let now = input::time(Some(question.now));
    answer.decision = match &prepared.token {
        None => Some(trial::decide(&prepared.engine, &request.line(), now)),
        Some(token) => {
            let written = Written {
                source,
                policy: &policy,
            };
            let (mut report, decision) =
                explain::report(&prepared.engine, written, token, Some(request), now);
            report.point_to_page();
            answer.report = Some(report);
            decision.map(|decision| decision.without(token))
        }
    };
    let rule = answer.decision.as_ref().and_then(|decision| decision.rule);
    answer.rule = rule.map(|index| {
        let at = ConfigPath::default().member("rules").element(index);
        RulePlace {
            index,
            line: source.position_in(&policy, &at).map(|at| at.line),
        }
    });
    Ok(())
}

/// Reads the headers of the request, one per line. Empty lines are skipped.
fn headers(text: &str) -> Result<Vec<HeaderLine>, Problem> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(index, line)| {
        line.trim().parse().map_err(|fault| {
            let number = index.saturating_add(1);
            Input::Headers.problem(format!("line {number}: {fault}"))
        })
    });
    read.collect()
}

/// Converts a failure for the page. Returns `None` if the failure only repeats the findings.
fn problem(failure: Failure) -> Option<Problem> {
    match failure {
        Failure::Findings(..) => None,
        Failure::Finding(message) | Failure::Usage(message) => {
            Some(Input::Policy.problem(redacted(&message)))
        }
    }
}

#[cfg(test)]
mod tests;
