//! The command line program.

use std::process::ExitCode;

use clap::Parser as _;
use portcullis_cli::{Arguments, run};

fn main() -> ExitCode {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let mut errors = std::io::stderr().lock();
    run(Arguments::parse(), &mut input, &mut output, &mut errors).into()
}
