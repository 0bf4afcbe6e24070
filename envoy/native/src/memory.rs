//! Memory that all threads and configurations of the process share. Workers use this memory to tell
//! each other which configuration of a policy (`policy_id`) is the newest.
//!
//! This memory replaces the proxy's shared data, which WebAssembly modules use. Unlike shared data,
//! this memory cannot be accessed by other modules.

use std::{collections::BTreeMap, sync::Mutex};

use portcullis::shared_memory::{Expected, SetSharedDataError, SharedData};

use crate::locks::lock;

static ENTRIES: Mutex<BTreeMap<String, SharedData>> = Mutex::new(BTreeMap::new());

/// Reads an entry.
pub(super) fn read(name: &str) -> Option<SharedData> {
    let entries = lock(&ENTRIES);
    entries.get(name).cloned()
}

/// Writes an entry if the entry's current version is `expected`.
pub(super) fn write(
    name: &str,
    value: &[u8],
    expected: Expected,
) -> Result<(), SetSharedDataError> {
    let mut entries = lock(&ENTRIES);
    let present = entries.get(name).map(|entry| entry.version);
    let is_expected = match expected {
        Expected::Absent => present.is_none(),
        Expected::Version(version) => present == Some(version),
    };
    if !is_expected {
        return Err(SetSharedDataError::Changed);
    }
    let version = present.unwrap_or_default().wrapping_add(1);
    let value = value.to_vec();
    entries.insert(name.to_owned(), SharedData { value, version });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_only_the_entry_that_is_expected() {
        let name = "replaces_only_the_entry_that_is_expected";
        assert_eq!(read(name), None);
        assert_eq!(write(name, b"a", Expected::Absent), Ok(()));
        let again = write(name, b"b", Expected::Absent);
        assert_eq!(again, Err(SetSharedDataError::Changed));
        let first = read(name).unwrap();
        assert_eq!(first.value, b"a");
        let expected = Expected::Version(first.version);
        assert_eq!(write(name, b"c", expected), Ok(()));
        let late = write(name, b"d", expected);
        assert_eq!(late, Err(SetSharedDataError::Changed));
    }
}
