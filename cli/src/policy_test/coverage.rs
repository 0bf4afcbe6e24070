//! The coverage of a policy: which of its rules and providers the tests have reached.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::test_run::Outcome;
use crate::source::{Policy, Source};
use portcullis::config::{Config, ConfigPath};

/// The coverage of one policy.
#[derive(Serialize)]
pub(super) struct Coverage {
    /// The file of the policy.
    pub(super) config: String,
    /// The number of rules and providers that a test reached.
    pub(super) reached: usize,
    /// The total number of rules and providers.
    pub(super) total: usize,
    /// The rules and providers that no test reached.
    pub(super) missed: Vec<Part>,
    #[serde(skip)]
    identity: Identity,
    #[serde(skip)]
    parts: Vec<Part>,
    #[serde(skip)]
    seen: BTreeSet<String>,
}

/// Identifies a policy by its file and by its place in the file. Different spellings of the file's
/// path give the same identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    file: PathBuf,
    place: String,
}

impl Identity {
    /// The identity of a policy. A file path that cannot be resolved is compared as it is written.
    pub(super) fn of(file: &Path, policy: &Policy) -> Self {
        Self {
            file: fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()),
            place: policy.at.to_string(),
        }
    }
}

/// A rule or a provider.
#[derive(Clone, Serialize)]
pub(super) struct Part {
    /// The path in the policy.
    pub(super) path: String,
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
}

impl Coverage {
    /// Creates the coverage of a policy, with no rule or provider reached yet.
    pub(super) fn new(
        identity: Identity,
        source: &Source,
        policy: &Policy,
        config: &Config,
    ) -> Self {
        let top = ConfigPath::default();
        let rules = (0..config.rules.len()).map(|index| top.member("rules").element(index));
        let providers = config
            .providers()
            .map(|(_, provider)| top.member("providers").member(&provider.name));
        let part = |at: ConfigPath| {
            let position = source.position_in(policy, &at);
            Part {
                path: at.to_string(),
                line: position.map(|position| position.line),
                column: position.map(|position| position.column),
            }
        };
        Self {
            config: source.name.clone(),
            reached: 0,
            total: 0,
            missed: Vec::new(),
            identity,
            parts: rules.chain(providers).map(part).collect(),
            seen: BTreeSet::new(),
        }
    }

    pub(super) fn is_of(&self, identity: &Identity) -> bool {
        self.identity == *identity
    }

    /// Adds the rule and the providers that a test reached.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        let top = ConfigPath::default();
        let rule = outcome.rule.map(|index| top.member("rules").element(index));
        let providers = outcome.providers.iter();
        let providers = providers.map(|name| top.member("providers").member(name));
        let reached = rule.into_iter().chain(providers);
        self.seen.extend(reached.map(|at| at.to_string()));
    }

    /// Computes the totals.
    pub(super) fn finish(&mut self) {
        let parts = self.parts.iter();
        let missed = parts.filter(|part| !self.seen.contains(&part.path));
        self.missed = missed.cloned().collect();
        self.total = self.parts.len();
        self.reached = self.total.saturating_sub(self.missed.len());
    }
}

/// The coverage of all policies together, in percent, rounded down.
pub(super) fn percent(all: &[Coverage]) -> u8 {
    let reached: usize = all.iter().map(|one| one.reached).sum();
    let total: usize = all.iter().map(|one| one.total).sum();
    let percent = reached.saturating_mul(100).checked_div(total);
    percent
        .and_then(|percent| percent.try_into().ok())
        .unwrap_or(100)
}
