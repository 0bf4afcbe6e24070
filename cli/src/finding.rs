//! Findings in a file, and how they are printed.

use core::fmt;

use serde::Serialize;

use crate::{envoy::position::Position, redact::redacted};

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// The module would refuse the configuration, or requests could pass unchecked.
    Error,
    /// The configuration works but is weaker than it could be.
    Warning,
}

/// A mistake or a weak choice in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// The file's name, as it was given on the command line.
    pub(crate) file: String,
    /// The position in the file; `None` if the finding concerns the whole file.
    pub(crate) position: Option<Position>,
    /// The path of the field that the finding is about; empty if there is none.
    pub(crate) path: String,
    /// What is wrong, and what to do.
    pub(crate) message: String,
}

/// A finding as JSON.
#[derive(Serialize)]
struct Record<'a> {
    severity: Severity,
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    path: String,
    message: String,
}

/// `FILE:LINE:COLUMN: error: PATH: what; remedy`.
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(formatter, ":{line}:{column}")?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(formatter, ": {severity}: {}", redacted(&self.text()))
    }
}

impl Finding {
    /// The path and the message, as they are printed.
    pub(crate) fn text(&self) -> String {
        match self.path.as_str() {
            "" => self.message.clone(),
            path => format!("{path}: {}", self.message),
        }
    }

    /// The whole line, with the position and the severity in colour.
    pub(crate) fn coloured(&self) -> String {
        let (code, severity) = match self.severity {
            Severity::Error => ("31", ": error: "),
            Severity::Warning => ("33", ": warning: "),
        };
        let line = self.to_string();
        match line.split_once(severity) {
            Some((place, text)) => {
                let severity = severity.trim_start_matches(": ").trim_end();
                format!("\u{1b}[1m{place}:\u{1b}[0m \u{1b}[{code}m{severity}\u{1b}[0m {text}")
            }
            None => line,
        }
    }

    /// The key by which a report sorts its findings: the file, the position, and the severity.
    pub(crate) fn order(&self) -> (&str, Option<Position>, Severity) {
        (&self.file, self.position, self.severity)
    }
}

impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let position = self.position;
        let record = Record {
            severity: self.severity,
            file: &self.file,
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            path: redacted(&self.path),
            message: redacted(&self.message),
        };
        record.serialize(serializer)
    }
}
