//! Prints the results of policy tests.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Results, TestResult,
    coverage::{Coverage, percent},
};
use crate::redact::redacted;

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    passed: usize,
    failed: usize,
    tests: Vec<Record<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<&'a [Coverage]>,
}

#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    line: Option<usize>,
    name: &'a str,
    passed: bool,
    failures: Vec<String>,
    found: String,
}

impl<'a> From<&'a TestResult> for Record<'a> {
    fn from(result: &'a TestResult) -> Self {
        Self {
            file: &result.file,
            line: result.position.map(|position| position.line),
            name: &result.name,
            passed: result.passed(),
            failures: result.failures.iter().map(redacted).collect(),
            found: redacted(&result.found),
        }
    }
}

/// Prints the results as JSON.
pub(super) fn json(
    results: &Results,
    coverage: Option<&[Coverage]>,
    is_good: bool,
    output: &mut dyn Write,
) -> io::Result<()> {
    let report = Report {
        ok: is_good,
        passed: results.passed(),
        failed: results.failed(),
        tests: results.tests.iter().map(Record::from).collect(),
        coverage,
    };
    serde_json::to_writer_pretty(&mut *output, &report)?;
    writeln!(output)
}

/// Prints the results for people: each test with its failures, and the totals.
pub(super) fn text(
    results: &Results,
    coverage: Option<&[Coverage]>,
    in_colour: bool,
    output: &mut dyn Write,
) -> io::Result<()> {
    let (good, bad, plain) = match in_colour {
        true => ("\u{1b}[32m", "\u{1b}[31m", "\u{1b}[0m"),
        false => ("", "", ""),
    };
    let mut file = "";
    for result in &results.tests {
        if result.file != file {
            file = &result.file;
            writeln!(output, "{file}")?;
        }
        if result.passed() {
            writeln!(output, "  {good}ok{plain}    {}", result.name)?;
            continue;
        }
        let place = result
            .position
            .map(|at| format!("{file}:{}:{}: ", at.line, at.column));
        let place = place.unwrap_or_default();
        writeln!(output, "  {bad}FAIL{plain}  {place}{}", result.name)?;
        for failure in &result.failures {
            writeln!(output, "          {}", redacted(failure))?;
        }
        if !result.found.is_empty() {
            writeln!(output, "          found: {}", redacted(&result.found))?;
        }
    }
    let (passed, failed) = (results.passed(), results.failed());
    writeln!(output, "{passed} passed, {failed} failed")?;
    match coverage {
        Some(all) => write_coverage(all, output),
        None => Ok(()),
    }
}

fn write_coverage(all: &[Coverage], output: &mut dyn Write) -> io::Result<()> {
    for one in all {
        for missed in &one.missed {
            let place = match (missed.line, missed.column) {
                (Some(line), Some(column)) => format!(":{line}:{column}"),
                _ => String::new(),
            };
            writeln!(
                output,
                "{}{place}: {}: no test reaches it",
                one.config, missed.path
            )?;
        }
    }
    let reached: usize = all.iter().map(|one| one.reached).sum();
    let total: usize = all.iter().map(|one| one.total).sum();
    let percent = percent(all);
    writeln!(
        output,
        "coverage: {percent} %, {reached} of {total} rules and providers"
    )
}

/// The results in the XML format of `JUnit`, which CI systems show.
pub(super) fn junit(results: &Results) -> String {
    let mut files: Vec<&str> = results.tests.iter().map(|test| &*test.file).collect();
    files.dedup();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (count, failed) = (results.tests.len(), results.failed());
    text.push_str(&format!(
        "<testsuites tests=\"{count}\" failures=\"{failed}\">\n"
    ));
    for file in files {
        let own: Vec<&TestResult> = results
            .tests
            .iter()
            .filter(|test| test.file == file)
            .collect();
        let failed = own.iter().filter(|test| !test.passed()).count();
        let (name, count) = (escaped(file), own.len());
        text.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failed}\">\n"
        ));
        for test in own {
            text.push_str(&case(test));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn case(test: &TestResult) -> String {
    let (file, name) = (escaped(&test.file), escaped(&test.name));
    let line = test.position.map(|at| format!(" line=\"{}\"", at.line));
    let line = line.unwrap_or_default();
    let start = format!("    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\"{line}");
    if test.passed() {
        return format!("{start}/>\n");
    }
    let message = escaped(&redacted(&test.failures.join("; ")));
    let found = escaped(&redacted(&test.found));
    format!("{start}>\n      <failure message=\"{message}\">{found}</failure>\n    </testcase>\n")
}

/// Escapes XML's special characters, and replaces control characters, most of which XML forbids.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(' '),
            letter if letter.is_control() => safe.push('?'),
            letter => safe.push(letter),
        }
    }
    safe
}
