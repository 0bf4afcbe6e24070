//! The command line: the module's engine without a proxy.
//!
//! `check` reads a configuration as the module would; `decide` decides on requests from standard
//! input; `explain` shows what becomes of one token. They run the code that runs at the edge, so a
//! policy can be tested where it is written. `schema` tells editors what a configuration looks like;
//! `migrate` writes configurations for those who come from Envoy's `jwt_authn`; `completions` and `man`
//! are for shells and packages.

mod check;
mod client_secret;
mod decide;
mod explain;
mod input;
mod manual;
pub mod migrate;
mod output;
mod redact;

use std::{
    io::{BufRead, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{ColorChoice, Parser, Subcommand};
use clap_complete::Shell;

use self::{
    check::Strictness,
    explain::{Format, Question},
    output::Output,
};
use crate::{config, time::UnixMillis};

pub use self::input::KeySetFile;

/// Verifies access tokens at the edge: checks configurations, tries decisions, explains tokens, migrates from `jwt_authn`.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    after_help = "Exit codes: 0 done, 1 findings, 2 usage."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a configuration as the module would, and warn of weak choices.
    Check {
        /// The configuration: JSON or YAML; `-` is the standard input.
        config: PathBuf,
        /// Take warnings for errors: exit code 1.
        #[arg(long)]
        strict: bool,
        /// Check this JWKS as the keys of a provider that fetches them.
        #[arg(long, value_name = "PROVIDER=FILE")]
        jwks: Vec<KeySetFile>,
    },
    /// Make a secret for an API client, and the hash that the configuration holds of it.
    ///
    /// Prints `{"secret":…,"hash":…}`: 256 bits of the operating system's randomness, and
    /// `sha256:<salt>:<digest>`. The secret is stored nowhere.
    ClientSecret,
    /// Decide on requests: one JSON object a line on standard input, one a line on standard output.
    Decide {
        /// The configuration: JSON or YAML.
        #[arg(long)]
        config: PathBuf,
        /// The time to decide at; now when left out.
        #[arg(long, value_name = "UNIX_SECONDS")]
        now: Option<u64>,
        /// Use this JWKS as the keys of a provider that fetches them; without, they count as not
        /// to be had (503).
        #[arg(long, value_name = "PROVIDER=FILE")]
        jwks: Vec<KeySetFile>,
    },
    /// Show what becomes of a token, check by check.
    ///
    /// The checks are the module's own, up to the first that fails. Header and claims are shown, the
    /// signature never. Exit code 1: the token, or the request with it, is refused.
    Explain {
        /// The configuration: JSON or YAML.
        #[arg(long)]
        config: PathBuf,
        /// The file that holds the token; `-` is the standard input.
        #[arg(long, value_name = "FILE")]
        token: PathBuf,
        /// The time to decide at; now when left out.
        #[arg(long, value_name = "UNIX_SECONDS")]
        now: Option<u64>,
        /// Use this JWKS as the keys of a provider that fetches them.
        #[arg(long, value_name = "PROVIDER=FILE")]
        jwks: Vec<KeySetFile>,
        /// Decide on this request too, by the rule that it is for.
        #[arg(long, num_args = 2, value_names = ["METHOD", "PATH"])]
        request: Vec<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// When to print in colour.
        #[arg(
            long,
            value_name = "WHEN",
            default_value = "auto",
            conflicts_with = "json"
        )]
        color: ColorChoice,
    },
    /// Print the JSON Schema of the configuration, for editors.
    Schema,
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual: a page of `man` for each command.
    Man {
        /// The folder for the pages.
        folder: PathBuf,
    },
    /// Print the equivalent of each `jwt_authn` filter of an Envoy configuration.
    ///
    /// Differences in behaviour are told on standard error, one a line. Exit code 1: there is no
    /// such filter, or one cannot be carried over.
    Migrate {
        /// Envoy's configuration, or resources of a discovery service: YAML or JSON; `-` is the standard
        /// input.
        envoy: PathBuf,
        /// Print the whole file, with the module in the place of the filters.
        #[arg(long, requires = "module")]
        rewrite: bool,
        /// The module's file, as Envoy shall find it.
        #[arg(long, value_name = "WASM_FILE", requires = "rewrite")]
        module: Option<String>,
        /// The name of the `jwt_authn` filter that a file of routes is for. Needed where its routes do not
        /// configure the filter and its name is not `envoy.filters.http.jwt_authn`; repeat it for several
        /// filters that no route configures.
        #[arg(long, value_name = "NAME", requires = "rewrite")]
        filter: Vec<String>,
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Done,
    /// 1: the configuration, or a key set, is not as it should be.
    Findings,
    /// 2: the arguments or the input cannot be used.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
        })
    }
}

/// Why a run ended early.
#[derive(Debug)]
enum Failure {
    /// The configuration, or a key set, is not as it should be.
    Finding(String),
    /// The arguments or the input cannot be used.
    Usage(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

fn schema(output: &mut dyn Write) -> Result<Exit, Failure> {
    writeln!(output, "{:#}", config::schema())?;
    Ok(Exit::Done)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program has a clock; the module has none"
)]
fn system_time() -> UnixMillis {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixMillis::default().plus(elapsed.unwrap_or_default())
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
            config,
            strict,
            jwks,
        } => {
            let strictness = match strict {
                true => Strictness::Warnings,
                false => Strictness::Errors,
            };
            check::run(&config, &jwks, strictness, input, output)
        }
        Command::ClientSecret => client_secret::run(output),
        Command::Decide { config, now, jwks } => decide::run(&config, now, &jwks, input, output),
        Command::Explain {
            config,
            token,
            now,
            jwks,
            request,
            json,
            color,
        } => {
            let question = Question {
                config: &config,
                token: &token,
                now,
                key_sets: &jwks,
                request: request.first().zip(request.get(1)),
                format: match json {
                    true => Format::Json,
                    false => Format::Text(color),
                },
            };
            explain::run(&question, input, output)
        }
        Command::Schema => schema(output),
        Command::Completions { shell } => manual::completions(shell, output),
        Command::Man { folder } => manual::pages(&folder),
        Command::Migrate {
            envoy,
            module,
            filter,
            ..
        } => migrate::run(&envoy, module.as_deref(), &filter, input, output, errors),
    };
    let (exit, message) = match outcome {
        Ok(exit) => return exit,
        Err(Failure::Finding(message)) => (Exit::Findings, message),
        Err(Failure::Usage(message)) => (Exit::Usage, message),
    };
    // Nowhere left to report to when even this fails.
    let _ = writeln!(errors, "portcullis: {message}");
    exit
}
