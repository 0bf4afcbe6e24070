//! Decides whether to print in colour.

use std::{
    env,
    io::{IsTerminal as _, stdout},
};

use clap::ColorChoice;

/// Whether to print in colour. `auto` means yes on a terminal, unless `NO_COLOR` is set or `TERM`
/// is `dumb`.
pub(crate) fn is_coloured(choice: ColorChoice) -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // https://no-color.org
        ColorChoice::Auto => {
            !is_set("NO_COLOR")
                && env::var_os("TERM").is_none_or(|term| term != "dumb")
                && stdout().is_terminal()
        }
    }
}
