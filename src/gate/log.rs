//! The log that operators read.

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// For information.
    Info,
    /// An operator may have to act.
    Warn,
    /// An operator has to act.
    Error,
}

/// The proxy's log. If the host refuses a line, it is lost: there is nowhere else to report it.
pub trait Log {
    /// Writes a line.
    fn log(&self, level: LogLevel, line: &str);
}
