//! Prints the report of `explain` as text for people.

use std::io::Write;

use clap::ColorChoice;
use serde_json::Value;

use super::{
    printable::printable,
    report::{Report, RequestReport, Step, StepOutcome},
};
use crate::colour::is_coloured;

/// The escape sequences (ECMA-48) for colours. All are empty if the output is not coloured.
struct Paint {
    bold: &'static str,
    good: &'static str,
    bad: &'static str,
    end: &'static str,
}

const COLOURED: Paint = Paint {
    bold: "\x1b[1m",
    good: "\x1b[32m",
    bad: "\x1b[1;31m",
    end: "\x1b[0m",
};

const PLAIN: Paint = Paint {
    bold: "",
    good: "",
    bad: "",
    end: "",
};

/// Writes the report.
pub(super) fn write(
    report: &Report,
    color: ColorChoice,
    output: &mut dyn Write,
) -> std::io::Result<()> {
    let paint = if is_coloured(color) {
        &COLOURED
    } else {
        &PLAIN
    };
    let Paint {
        bold,
        good,
        bad,
        end,
    } = paint;
    for (title, members) in [
        ("header", &report.token.header),
        ("claims", &report.token.claims),
    ] {
        writeln!(output, "{bold}{title}{end}")?;
        write_members(members.as_ref(), output)?;
    }
    writeln!(output, "{bold}token{end}")?;
    write_steps(&report.token.checks, paint, output)?;
    write_refusal(report.token.status, report.token.reason, paint, output)?;
    let is_known = report.providers.iter().any(|own| own.names_issuer);
    if !is_known && report.providers.len() > 1 {
        writeln!(
            output,
            "{bold}no provider accepts the token's issuer{end}; the checks of each provider:"
        )?;
    }
    for provider in &report.providers {
        writeln!(output, "{bold}provider {}{end}", provider.name)?;
        write_steps(&provider.checks, paint, output)?;
        write_refusal(provider.status, provider.reason, paint, output)?;
        if provider.accepted {
            writeln!(output, "  {good}accepted{end}")?;
        }
    }
    if let Some(request) = &report.request {
        let (method, path) = (printable(&request.method), printable(&request.path));
        writeln!(output, "{bold}request {method} {path}{end}")?;
        writeln!(output, "  matches {}", rule(request))?;
        let color = if report.accepted { good } else { bad };
        let decision = match report.accepted {
            true => "allowed",
            false => "denied",
        };
        let (status, reason) = (request.status, request.reason);
        writeln!(output, "  {color}{decision}{end}: {status} ({reason})")?;
        if !request.detail.is_empty() {
            writeln!(output, "  {}", request.detail)?;
        }
        for (name, value) in &request.forwards {
            let (name, value) = (printable(name), printable(value));
            writeln!(output, "  forwards  {name}: {value}")?;
        }
        for name in &request.removes {
            writeln!(output, "  removes   {}", printable(name))?;
        }
    }
    Ok(())
}

/// The rule of a request, its place in the file, and the requests that the rule is for.
fn rule(request: &RequestReport) -> String {
    let Some(index) = request.rule else {
        return "no rule".to_owned();
    };
    let line = request.line.map(|line| format!(":{line}"));
    let place = format!("{}{}", request.file, line.unwrap_or_default());
    let conditions = request.conditions.as_deref().unwrap_or_default();
    format!("rules[{index}] ({}): {conditions}", printable(&place))
}

fn write_members(members: Option<&Value>, output: &mut dyn Write) -> std::io::Result<()> {
    let Some(members) = members.and_then(Value::as_object) else {
        return writeln!(output, "  cannot be read");
    };
    let width = members.keys().map(|name| printable(name).chars().count());
    let width = width.max().unwrap_or_default();
    for (name, value) in members {
        let (name, value) = (printable(name), printable(&value.to_string()));
        writeln!(output, "  {name:width$}  {value}")?;
    }
    Ok(())
}

fn write_steps(steps: &[Step], paint: &Paint, output: &mut dyn Write) -> std::io::Result<()> {
    for step in steps {
        let (color, word) = match step.outcome {
            StepOutcome::Passed => (paint.good, "ok  "),
            StepOutcome::Failed => (paint.bad, "FAIL"),
        };
        let line = format!(
            "  {color}{word}{}  {:12}  {}",
            paint.end, step.check, step.detail
        );
        writeln!(output, "{}", line.trim_end())?;
    }
    Ok(())
}

fn write_refusal(
    status: Option<u16>,
    reason: Option<&str>,
    paint: &Paint,
    output: &mut dyn Write,
) -> std::io::Result<()> {
    let Some((status, reason)) = status.zip(reason) else {
        return Ok(());
    };
    let Paint { bad, end, .. } = paint;
    writeln!(output, "  {bad}refused{end}: {status} ({reason})")
}
