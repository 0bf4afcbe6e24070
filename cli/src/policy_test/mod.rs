//! `portcullis test`: checks that a policy decides as its tests expect.
//!
//! A test consists of a request, the claims of a token (but no signed token), and the expected
//! decision. A key made for this run replaces each provider's keys, so tests need no authorization
//! server. Everything else is real: the operator's own policy and the module's engine.

mod certificate;
mod claims;
mod coverage;
mod expect;
mod fields;
pub(crate) mod mint;
mod report;
mod rig;
mod signer;
mod suite;
mod test_run;
mod values;

use std::{
    fs,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
};

use self::{
    coverage::{Coverage, Identity},
    rig::{Rig, Unfit},
    suite::{ConfigRef, Suite},
};
use crate::{
    accepted,
    colour::is_coloured,
    envoy::position::Position,
    finding::Severity,
    format::Format,
    input,
    outcome::{Exit, Failure},
    source::{Policy, Source},
};
use portcullis::config::{Config, ConfigPath};

/// The files to test, and how to report the results.
pub(super) struct Task<'a> {
    pub(super) files: &'a [PathBuf],
    pub(super) filter: Option<&'a str>,
    pub(super) has_coverage: bool,
    /// The minimum coverage, in percent.
    pub(super) fail_under: Option<u8>,
    pub(super) junit: Option<&'a Path>,
    pub(super) format: Format,
}

/// The result of one test.
struct TestResult {
    file: String,
    name: String,
    position: Option<Position>,
    /// The differences between what was expected and what happened.
    failures: Vec<String>,
    /// A short description of the decision.
    found: String,
}

impl TestResult {
    fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// The results of all tests.
#[derive(Default)]
struct Results {
    tests: Vec<TestResult>,
    coverage: Vec<Coverage>,
}

impl Results {
    fn passed(&self) -> usize {
        self.tests.iter().filter(|test| test.passed()).count()
    }

    fn failed(&self) -> usize {
        self.tests.len().saturating_sub(self.passed())
    }
}

/// Runs the tests in the files.
pub(super) fn run(
    task: &Task<'_>,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Exit, Failure> {
    let mut results = Results::default();
    for file in task.files {
        let source = Source::read(file, input)?;
        run_file(task, file, &source, &mut results)?;
    }
    for coverage in &mut results.coverage {
        coverage.finish();
    }
    let percent = coverage::percent(&results.coverage);
    let is_covered = task.fail_under.is_none_or(|least| percent >= least);
    let is_good = results.failed() == 0 && is_covered;
    let shows = task.has_coverage || task.fail_under.is_some();
    let coverage = shows.then_some(&*results.coverage);
    match task.format {
        Format::Json => report::json(&results, coverage, is_good, output)?,
        Format::Text(color) => report::text(&results, coverage, is_coloured(color), output)?,
    }
    if let (Format::Text(_), Some(least), false) = (task.format, task.fail_under, is_covered) {
        writeln!(output, "coverage is below {least} %")?;
    }
    if let Some(path) = task.junit {
        fs::write(path, report::junit(&results))
            .map_err(|error| Failure::Usage(format!("--junit {}: {error}", path.display())))?;
    }
    Ok(match is_good {
        true => Exit::Done,
        false => Exit::Findings,
    })
}

fn run_file(
    task: &Task<'_>,
    file: &Path,
    source: &Source,
    results: &mut Results,
) -> Result<(), Failure> {
    let suite =
        suite::read(source).map_err(|findings| accepted::failure(&findings, Exit::Usage))?;
    let (path, of_policy) = policy_source(file, source, &suite)?;
    let filter = suite.filter.as_deref().or(task.filter);
    let (policy, config) = accepted::read(&of_policy, filter)?;
    let mut rig = rig(&suite, &of_policy, &policy, &config)?;
    let identity = Identity::of(&path, &policy);
    let known = results.coverage.iter().position(|one| one.is_of(&identity));
    let place = known.unwrap_or(results.coverage.len());
    if known.is_none() {
        results
            .coverage
            .push(Coverage::new(identity, &of_policy, &policy, &config));
    }
    let now = suite.now.unwrap_or_else(input::present);
    for test in &suite.tests {
        let (failures, found) = match test_run::run(&mut rig, test, now) {
            Ok(outcome) => {
                if let Some(coverage) = results.coverage.get_mut(place) {
                    coverage.add(&outcome);
                }
                (outcome.differences, outcome.found)
            }
            Err(why) => (vec![why], String::new()),
        };
        results.tests.push(TestResult {
            file: source.name.clone(),
            name: test.name.clone(),
            position: test.position,
            failures,
            found,
        });
    }
    Ok(())
}

/// The engine for the tests of a file. If a test names a client but no secret, the client gets a
/// secret made for this run.
fn rig(
    suite: &Suite,
    of_policy: &Source,
    policy: &Policy,
    config: &Config,
) -> Result<Rig, Failure> {
    let made = suite.tests.iter().filter_map(|test| test.basic.as_ref());
    let made = made.filter(|basic| basic.secret.is_none());
    let clients: Vec<&str> = made.map(|basic| &*basic.client).collect();
    Rig::new(&policy.value, config, &clients).map_err(|unfit| match unfit {
        Unfit::NoKey => {
            Failure::Usage("the operating system provides no random numbers".to_owned())
        }
        Unfit::Refused(why) => Failure::Finding(format!(
            "{}: the policy is refused after the keys of this run have replaced its keys: {}",
            of_policy.name,
            crate::redact::redacted(&why)
        )),
    })
}

/// Returns the policy's source, and the path of the file that contains the policy. If the test
/// file's `config` is an object, this object is the policy. Otherwise the policy is in another
/// file.
fn policy_source(
    file: &Path,
    source: &Source,
    suite: &Suite,
) -> Result<(PathBuf, Source), Failure> {
    let path = match &suite.config {
        ConfigRef::File(path) => path,
        ConfigRef::Inline(policy) => {
            let inline = Source {
                name: format!("{} (config)", source.name),
                text: policy.to_string(),
            };
            return Ok((file.to_owned(), inline));
        }
    };
    let folder = match input::is_standard(file) {
        true => Path::new(""),
        false => file.parent().unwrap_or(Path::new("")),
    };
    let path = folder.join(path);
    let unusable = |message: String| {
        let at = ConfigPath::default().member("config");
        let finding = source.at(Severity::Error, &at, message);
        accepted::failure(&[finding], Exit::Usage)
    };
    let of_policy = Source::read(&path, &mut io::empty()).map_err(|failure| match failure {
        Failure::Usage(why) => unusable(format!("{why}; {}", suite::CONFIG)),
        failure => failure,
    })?;
    if suite::has_tests(&of_policy) {
        let name = &of_policy.name;
        let message = format!("{name} is a test file, not a policy; {}", suite::CONFIG);
        return Err(unusable(message));
    }
    Ok((path, of_policy))
}
