//! Prints the findings of `portcullis check`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Found, Task};
use crate::{
    colour::is_coloured,
    finding::{Finding, Severity},
    format::Format,
};
use portcullis::config::Config;

/// All findings, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    /// True if there are no errors. There may be warnings.
    ok: bool,
    findings: &'a [Finding],
    policies: Vec<Summary<'a>>,
}

/// An accepted policy.
#[derive(Serialize)]
struct Summary<'a> {
    file: &'a str,
    providers: usize,
    rules: usize,
}

/// Prints the findings, then one line for each policy in a file without findings.
pub(super) fn write(found: &Found, task: &Task<'_>, output: &mut dyn Write) -> io::Result<()> {
    let has_errors = found
        .findings
        .iter()
        .any(|one| one.severity == Severity::Error);
    match task.format {
        Format::Json => {
            let report = Report {
                ok: !has_errors,
                findings: &found.findings,
                policies: found.configs.iter().map(summary).collect(),
            };
            serde_json::to_writer_pretty(&mut *output, &report)?;
            writeln!(output)
        }
        Format::Text(color) => {
            let in_colour = is_coloured(color);
            for finding in &found.findings {
                match in_colour {
                    true => writeln!(output, "{}", finding.coloured())?,
                    false => writeln!(output, "{finding}")?,
                }
            }
            write_good(found, task, output)?;
            match &found.server {
                Some(url) => {
                    writeln!(
                        output,
                        "{url}: ok: the server compares headers with the body"
                    )
                }
                None => Ok(()),
            }
        }
    }
}

/// Writes one line for each policy in a file without findings.
fn write_good(found: &Found, task: &Task<'_>, output: &mut dyn Write) -> io::Result<()> {
    for (file, config) in &found.configs {
        if found.findings.iter().any(|finding| finding.file == *file)
            || !task.key_sets.is_empty() && !found.findings.is_empty()
        {
            continue;
        }
        let counts = format!(
            "ok: {}, {}",
            count(config.providers.len(), "provider"),
            count(config.rules.len(), "rule")
        );
        match task.files.len() {
            1 => writeln!(output, "{counts}")?,
            _ => writeln!(output, "{file}: {counts}")?,
        }
    }
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

fn summary((file, config): &(String, Config)) -> Summary<'_> {
    Summary {
        file,
        providers: config.providers.len(),
        rules: config.rules.len(),
    }
}
