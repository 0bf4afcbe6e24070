//! The command-line program, which runs the module's engine without a proxy.
//!
//! `check` reads configurations as the module would; `test` runs policy tests; `decide` decides on
//! requests from standard input; `explain` shows the checks of one token. These commands run the
//! module's own code, so operators can test a policy without a proxy. `client-secret` makes secrets
//! for API clients. `migrate` writes the equivalents of `jwt_authn` filters. `schema` prints the
//! configuration's JSON Schema, which editors can use. `completions` and `man` write files for
//! shells and for packages.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "clippy.toml cannot exempt tests from these lints; the build without tests is \
                  still checked"
    )
)]

mod accepted;
mod arguments;
mod check;
mod client_secret;
mod colour;
mod decide;
mod envoy;
mod examples;
mod explain;
mod finding;
mod format;
mod input;
pub mod inspect;
mod manual;
pub mod migrate;
mod outcome;
mod output;
mod policy_test;
mod redact;
mod source;
mod trial;

use std::io::{BufRead, Write};

use self::{
    arguments::Command,
    check::{Strictness, Task},
    explain::Question,
    outcome::Failure,
    output::Output,
};
use portcullis::config;

pub use self::{arguments::Arguments, input::KeySetFile, outcome::Exit};

fn schema(output: &mut dyn Write) -> Result<Exit, Failure> {
    writeln!(output, "{:#}", config::schema())?;
    Ok(Exit::Done)
}

/// Runs a command.
pub fn run(
    arguments: Arguments,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    errors: &mut dyn Write,
) -> Exit {
    let output = &mut Output::new(output);
    let outcome = match arguments.command {
        Command::Check {
            files,
            filter,
            strict,
            jwks,
            mcp,
            format,
        } => {
            let task = Task {
                files: &files,
                filter: filter.as_deref(),
                key_sets: &jwks,
                mcp: mcp.as_deref(),
                strictness: match strict {
                    true => Strictness::Warnings,
                    false => Strictness::Errors,
                },
                format: format.into(),
            };
            check::run(&task, input, output)
        }
        Command::ClientSecret => client_secret::run(output),
        Command::Decide {
            config,
            filter,
            now,
            jwks,
        } => decide::run(&config, filter.as_deref(), now, &jwks, input, output),
        Command::Explain {
            config,
            filter,
            token,
            now,
            jwks,
            request,
            header,
            format,
        } => {
            let question = Question {
                config: &config,
                filter: filter.as_deref(),
                token: &token,
                now,
                key_sets: &jwks,
                request: request.first().zip(request.get(1)),
                headers: &header,
                format: format.into(),
            };
            explain::run(&question, input, output)
        }
        Command::Test {
            files,
            filter,
            coverage,
            fail_under,
            junit,
            format,
        } => {
            let task = policy_test::Task {
                files: &files,
                filter: filter.as_deref(),
                has_coverage: coverage,
                fail_under,
                junit: junit.as_deref(),
                format: format.into(),
            };
            policy_test::run(&task, input, output)
        }
        Command::Schema => schema(output),
        Command::Completions { shell } => manual::completions(shell, output),
        Command::Man { folder } => manual::pages(&folder),
        Command::Migrate {
            envoy,
            module,
            native,
            filter,
            ..
        } => {
            let module = module.as_deref().map(migrate::Target::Wasm);
            let native = native.as_deref().map(migrate::Target::Native);
            migrate::run(&envoy, module.or(native), &filter, input, output, errors)
        }
    };
    let (exit, message) = match outcome {
        Ok(exit) => return exit,
        Err(Failure::Finding(message)) => (Exit::Findings, message),
        Err(Failure::Usage(message)) => (Exit::Usage, message),
        Err(Failure::Findings(lines, exit)) => {
            let _ = writeln!(errors, "{lines}");
            return exit;
        }
    };
    // If even this write fails, there is nowhere left to report the error.
    let _ = writeln!(errors, "portcullis: {message}");
    exit
}
