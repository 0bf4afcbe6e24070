//! Runs the command line program inside the test process.

use clap::Parser as _;
use portcullis_cli::{Arguments, Exit};

/// Runs a command and returns its exit status and output.
pub(crate) fn run(arguments: &[&str], input: &str) -> (Exit, String) {
    let arguments = [&["portcullis"], arguments].concat();
    let arguments = Arguments::try_parse_from(arguments).unwrap();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let exit = portcullis_cli::run(arguments, &mut input.as_bytes(), &mut output, &mut errors);
    output.append(&mut errors);
    (exit, String::from_utf8(output).unwrap())
}
