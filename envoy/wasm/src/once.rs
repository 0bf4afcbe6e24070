//! Log lines that every VM of the process would write.

use crate::{abi, proxy::Proxy};
use portcullis::{
    gate::LogLevel,
    shared_memory::{Expected, SealedRecord, SetSharedDataError, SharedMemory as _},
};

/// Logs what the configuration with this text gives reason to warn of, once per process. Envoy runs
/// the module in one VM per worker and two more, and each reads the configuration.
///
/// An entry in shared data says that another VM has logged the line. If the proxy refuses shared
/// data, each VM logs it. Other modules with the same `vm_id` can suppress the line, but nothing
/// else depends on the entry.
pub(super) fn warn(line: &str, configuration: &[u8]) {
    let configuration = String::from_utf8_lossy(configuration);
    let entry = SealedRecord::about("logged", &format!("{line}\n{configuration}"), None);
    let written = Proxy.set_shared_data(entry.name(), b"1", Expected::Absent);
    if written != Err(SetSharedDataError::Changed) {
        abi::log(LogLevel::Warn, line);
    }
}
