//! The proxy's log.

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Operators need not act.
    Info,
    /// Operators may have to act.
    Warn,
    /// Operators have to act.
    Error,
}

/// Writes to the proxy's log. If the host refuses a line, the line is lost: it cannot be reported
/// anywhere else.
pub trait Log {
    /// Writes a line.
    fn log(&self, level: LogLevel, line: &str);
}
