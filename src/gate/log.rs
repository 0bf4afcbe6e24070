//! The log that operators read.

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// No action is needed.
    Info,
    /// An operator may have to act.
    Warn,
    /// An operator has to act.
    Error,
}

/// The proxy's log. A line that the host refuses is lost, because there is nowhere else to report
/// it.
pub trait Log {
    /// Writes a line.
    fn log(&self, level: LogLevel, line: &str);
}
