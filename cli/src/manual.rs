//! `portcullis completions` and `portcullis man`: shell completions and manual pages, generated
//! from the command-line options.

use std::{fs, io::Write, path::Path};

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{
    arguments::Arguments,
    outcome::{Exit, Failure},
};

/// Prints the completion script of a shell.
pub(super) fn completions(shell: Shell, output: &mut dyn Write) -> Result<Exit, Failure> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    output.write_all(&script)?;
    Ok(Exit::Done)
}

/// Writes a manual page for the program and one for each command.
pub(super) fn pages(folder: &Path) -> Result<Exit, Failure> {
    let unwritable =
        |error: std::io::Error| Failure::Usage(format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(unwritable)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(unwritable)?;
    Ok(Exit::Done)
}
