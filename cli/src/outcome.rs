//! How a run of the program ends.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Exit code 0: success.
    Done,
    /// Exit code 1: the configuration, a key set or a token is wrong.
    Findings,
    /// Exit code 2: the arguments or the input cannot be used.
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

/// The reason why a run ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// The configuration or a key set is wrong.
    Finding(String),
    /// The findings about a file, one per line, with the exit code. [`Exit::Usage`] means that the
    /// file is unusable.
    Findings(String, Exit),
    /// The arguments or the input cannot be used.
    Usage(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Usage(error.to_string())
    }
}
