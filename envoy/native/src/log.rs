//! Envoy's log.

use portcullis::gate::LogLevel;

use crate::abi::{self, Level};

/// Writes a log line. The line begins with the name of this module, because Envoy's log does not
/// name the module.
pub(super) fn write_log(level: LogLevel, line: &str) {
    let level = match level {
        LogLevel::Info => Level::Info,
        LogLevel::Warn => Level::Warn,
        LogLevel::Error => Level::Error,
    };
    abi::log(level, &format!("portcullis: {line}"));
}
