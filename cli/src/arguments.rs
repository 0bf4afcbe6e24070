//! The commands and their options.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::{examples::*, explain::request::HeaderLine, format::FormatOptions, input::KeySetFile};

/// Checks configurations, tests policies, explains tokens, and migrates from `jwt_authn`, with the
/// same engine that verifies access tokens in Envoy.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    after_help = EXAMPLES
)]
pub struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Find mistakes and weak settings in policies, and in the Envoy configuration around them.
    ///
    /// Prints one line per finding, `FILE:LINE:COLUMN: error: PATH: what; remedy`. If there are no
    /// findings, prints `ok` and what the policy contains.
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        /// Policies, or whole Envoy files that contain Portcullis, in YAML or JSON. `-` is the
        /// standard input.
        #[arg(required_unless_present = "mcp", value_name = "FILE")]
        files: Vec<PathBuf>,
        /// In an Envoy file with several Portcullis filters, check only the filter with this name.
        #[arg(long, value_name = "NAME")]
        filter: Option<String>,
        /// Treat warnings as errors: the exit code is 1 if there are any.
        #[arg(long)]
        strict: bool,
        /// Also check this file as the key set (JWKS) that the provider would fetch.
        #[arg(long, value_name = "PROVIDER=FILE")]
        jwks: Vec<KeySetFile>,
        /// Send this MCP server calls whose headers contradict their bodies. The server must refuse
        /// these calls. Give the http address of the server itself, not the address of Envoy.
        #[arg(long, value_name = "URL")]
        mcp: Option<String>,
        #[command(flatten)]
        format: FormatOptions,
    },
    /// Make a secret for an API client, and its hash for the configuration.
    ///
    /// Prints `{"secret":…,"hash":…}`. The secret has 256 random bits from the operating system.
    /// The hash has the form `sha256:<salt>:<digest>`. The program does not store the secret.
    #[command(after_help = CLIENT_SECRET_EXAMPLES)]
    ClientSecret,
    #[command(after_help = DECIDE_EXAMPLES)]
    /// Decide on requests. Reads one request per line from standard input, as JSON, and prints one
    /// decision per line.
    Decide {
        /// A policy, or a whole Envoy file that contains Portcullis, in YAML or JSON.
        #[arg(long)]
        config: PathBuf,
        /// In an Envoy file with several Portcullis filters, use the filter with this name.
        #[arg(long, value_name = "NAME")]
        filter: Option<String>,
        /// The time of the decisions; by default, the current time.
        #[arg(long, value_name = "UNIX_SECONDS")]
        now: Option<u64>,
        /// Use this file as the key set (JWKS) that the provider would fetch. Without this option,
        /// the provider's keys are unavailable (503).
        #[arg(long, value_name = "PROVIDER=FILE")]
        jwks: Vec<KeySetFile>,
    },
    #[command(after_help = EXPLAIN_EXAMPLES)]
    /// Show the checks of a token, up to the first check that fails.
    ///
    /// The checks run in the module's own code. The header and the claims are shown; the signature
    /// is never shown. With `--request`, the exit code is 1 if the request is refused. Otherwise,
    /// the exit code is 1 if no provider accepts the token.
    Explain {
        /// A policy, or a whole Envoy file that contains Portcullis, in YAML or JSON.
        #[arg(long)]
        config: PathBuf,
        /// In an Envoy file with several Portcullis filters, use the filter with this name.
        #[arg(long, value_name = "NAME")]
        filter: Option<String>,
        /// The file that contains the token; `-` is the standard input.
        #[arg(long, value_name = "FILE")]
        token: PathBuf,
        /// The time of the decisions; by default, the current time.
        #[arg(long, value_name = "UNIX_SECONDS")]
        now: Option<u64>,
        /// Use this file as the key set (JWKS) that the provider would fetch.
        #[arg(long, value_name = "PROVIDER=FILE")]
        jwks: Vec<KeySetFile>,
        /// Also decide on a request with this method and path.
        #[arg(long, num_args = 2, value_names = ["METHOD", "PATH"])]
        request: Vec<String>,
        /// Send this header with the request, such as `Mcp-Name: list_files`. Repeat the option for
        /// several headers.
        #[arg(long, value_name = "NAME: VALUE", requires = "request")]
        header: Vec<HeaderLine>,
        #[command(flatten)]
        format: FormatOptions,
    },
    /// Run policy tests: requests with claims, and the decisions that the policy should make.
    ///
    /// Tests are written in YAML: see docs/policy-tests.md. Each run makes new keys, which replace
    /// the providers' own keys and sign the tokens.
    #[command(after_help = TEST_EXAMPLES)]
    Test {
        /// Files with tests; `-` is the standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// In an Envoy file with several Portcullis filters, use the filter with this name.
        #[arg(long, value_name = "NAME")]
        filter: Option<String>,
        /// Name each rule and provider that no test reaches.
        #[arg(long)]
        coverage: bool,
        /// Fail if the tests reach less than this percentage of the policy's rules and providers.
        #[arg(long, value_name = "PERCENT", value_parser = percentage)]
        fail_under: Option<u8>,
        /// Also write the results to this file in JUnit's XML format, for CI systems.
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        #[command(flatten)]
        format: FormatOptions,
    },
    /// Print the JSON Schema of the configuration, for editors.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
    /// Print the script that completes commands and options in a shell.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual: a `man` page for each command.
    #[command(after_help = MAN_EXAMPLES)]
    Man {
        /// The folder for the pages.
        folder: PathBuf,
    },
    /// Print the equivalent policy for each `jwt_authn` filter of an Envoy configuration.
    ///
    /// Prints differences in behaviour on standard error, one per line. The exit code is 1 if there
    /// is no such filter, or if a filter cannot be migrated.
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate {
        /// An Envoy configuration, or resources of a discovery service, in YAML or JSON. `-` is the
        /// standard input.
        envoy: PathBuf,
        /// Print the whole file, with Portcullis in place of each `jwt_authn` filter. Needs
        /// `--module` or `--native`.
        #[arg(long, requires = "build")]
        rewrite: bool,
        /// The path of the module in Envoy's file system.
        #[arg(long, value_name = "WASM_FILE", requires = "rewrite", group = "build")]
        module: Option<String>,
        /// The path of the dynamic module in Envoy's file system, for Envoy 1.40 and later. For
        /// Envoy 1.38 and 1.39, the module's name instead of its path: `portcullis` for
        /// `libportcullis.so` in Envoy's search path.
        #[arg(
            long,
            value_name = "LIBRARY_FILE",
            requires = "rewrite",
            group = "build"
        )]
        native: Option<String>,
        /// For a file of routes: the name of the `jwt_authn` filter in the listener. Needed if the
        /// filter's name is not `envoy.filters.http.jwt_authn` and no route configures the filter.
        /// Repeat the option for several filters that no route configures.
        #[arg(long, value_name = "NAME", requires = "rewrite")]
        filter: Vec<String>,
    },
}

/// Reads a percentage. People are likely to write it with a percent sign.
fn percentage(text: &str) -> Result<u8, String> {
    let read = |text: &str| text.parse().ok().filter(|percent| *percent <= 100);
    let without_sign = text.strip_suffix('%').and_then(read);
    match (read(text), without_sign) {
        (Some(percent), _) => Ok(percent),
        (None, Some(percent)) => Err(format!("write {percent}, without the percent sign")),
        (None, None) => Err("write a whole number from 0 to 100".to_owned()),
    }
}
