//! Envoy's log.

use core::fmt;

use portcullis::gate::LogLevel;

use crate::abi::{self, Level};

/// Writes a log line.
pub(super) fn write_log(level: LogLevel, line: &str) {
    let level = match level {
        LogLevel::Info => Level::Info,
        LogLevel::Warn => Level::Warn,
        LogLevel::Error => Level::Error,
    };
    write(level, format_args!("{line}"));
}

/// Logs a defect of this module. `place` says where it is: "in" a hook, or "at" a line of code.
pub(super) fn write_defect(place: fmt::Arguments<'_>) {
    write(
        Level::Critical,
        format_args!("defect {place}, please report it"),
    );
}

/// Writes a log line. The line begins with the name of this module, because Envoy's log does not
/// name the module.
fn write(level: Level, line: fmt::Arguments<'_>) {
    abi::log(level, &format!("portcullis: {line}"));
}
