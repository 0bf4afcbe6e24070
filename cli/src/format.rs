//! The options for a command's output format.

use clap::{Args, ColorChoice};

/// The options that choose the format.
#[derive(Debug, Args)]
pub(super) struct FormatOptions {
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
}

/// The format of a command's output.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    /// JSON, for programs.
    Json,
    /// Lines for people, coloured or not.
    Text(ColorChoice),
}

impl From<FormatOptions> for Format {
    fn from(options: FormatOptions) -> Self {
        match options.json {
            true => Self::Json,
            false => Self::Text(options.color),
        }
    }
}
