//! The command line: the module's engine without a proxy.
//!
//! `check` reads a configuration as the module would; `decide` decides on requests from standard
//! input. Both run the code that runs at the edge, so a policy can be tested where it is written.
//! `migrate` writes configurations for those who come from Envoy's `jwt_authn`.

mod check;
mod client_secret;
mod decide;
mod input;
pub mod migrate;

use std::{
    io::{BufRead, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::time::UnixMillis;

pub use self::input::KeySetFile;

/// Verifies access tokens at the edge: checks configurations, tries decisions, migrates from `jwt_authn`.
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
        /// The configuration: JSON or YAML.
        config: PathBuf,
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
    /// Print the equivalent of each `jwt_authn` filter of an Envoy configuration.
    ///
    /// Differences in behaviour are told on standard error, one a line. Exit code 1: there is no
    /// such filter, or one cannot be carried over.
    Migrate {
        /// Envoy's configuration, or resources of a discovery service: YAML or JSON.
        envoy: PathBuf,
        /// Print the whole file, with the module in the place of the filters.
        #[arg(long, requires = "module")]
        rewrite: bool,
        /// The module's file, as Envoy shall find it.
        #[arg(long, value_name = "WASM_FILE", requires = "rewrite")]
        module: Option<String>,
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
    let outcome = match arguments.command {
        Command::Check { config, jwks } => check::run(&config, &jwks, output),
        Command::ClientSecret => client_secret::run(output),
        Command::Decide { config, now, jwks } => decide::run(&config, now, &jwks, input, output),
        Command::Migrate { envoy, module, .. } => {
            migrate::run(&envoy, module.as_deref(), output, errors)
        }
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
