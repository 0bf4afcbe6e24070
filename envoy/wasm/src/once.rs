//! Logs warnings once per process. Without this module, every VM of the process would log them.

use crate::{abi, proxy::Proxy};
use portcullis::{
    gate::LogLevel,
    shared_memory::{Expected, SealedRecord, SetSharedDataError, SharedMemory as _},
};

/// Logs a warning about a configuration once per process. `configuration` is the text of the
/// configuration. Envoy runs the module in one VM per worker and in two more VMs, and each VM reads
/// the configuration.
///
/// An entry in shared data shows that another VM has already logged the warning. If the proxy
/// refuses access to shared data, each VM logs the warning. Other modules with the same `vm_id` can
/// suppress the warning by writing the entry, but nothing else depends on the entry.
pub(super) fn warn(line: &str, configuration: &[u8]) {
    let configuration = String::from_utf8_lossy(configuration);
    let entry = SealedRecord::about("logged", &format!("{line}\n{configuration}"), None);
    let written = Proxy.set_shared_data(entry.name(), b"1", Expected::Absent);
    if written != Err(SetSharedDataError::Changed) {
        abi::log(LogLevel::Warn, line);
    }
}
