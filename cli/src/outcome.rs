//! How a run of the program ends.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Done,
    /// 1: something is wrong with the configuration, a key set or a token.
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
pub(super) enum Failure {
    /// Something is wrong with the configuration or a key set.
    Finding(String),
    /// Lines with findings in a file, which is unusable with [`Exit::Usage`].
    Findings(String, Exit),
    /// The arguments or the input cannot be used.
    Usage(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Usage(error.to_string())
    }
}
