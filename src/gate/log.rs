//! What operators read.

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Of interest.
    Info,
    /// Something may need an operator.
    Warn,
    /// Something needs an operator.
    Error,
}

/// The proxy's log. A host that refuses a line gets no second chance: there is no one to tell.
pub trait Log {
    /// Writes a line.
    fn log(&self, level: LogLevel, line: &str);
}
