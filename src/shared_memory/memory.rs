//! The interface to a proxy's shared data.

use crate::keys::WriteError;

/// The proxy's shared data.
pub trait SharedMemory {
    /// Reads an entry. Returns `None` if the entry does not exist or the host refuses the read.
    fn shared_data(&self, key: &str) -> Option<SharedData>;

    /// Writes an entry if it is still in the state `expected`.
    ///
    /// # Errors
    /// If the entry is no longer in the state `expected`, or the host refuses the write.
    fn set_shared_data(
        &self,
        key: &str,
        value: &[u8],
        expected: Expected,
    ) -> Result<(), SetSharedDataError>;
}

/// An entry of the proxy's shared data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedData {
    /// The value.
    pub value: Vec<u8>,
    /// The version of the value. Each write changes the version.
    pub version: u32,
}

/// The state that an entry must have for a write to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The entry does not exist.
    Absent,
    /// The entry has this version.
    Version(u32),
}

/// Why a write to shared data failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetSharedDataError {
    /// The entry is not in the expected state, because another worker has written it.
    Changed,
    /// The host refuses the write.
    Refused,
}

impl From<SetSharedDataError> for WriteError {
    fn from(error: SetSharedDataError) -> Self {
        match error {
            SetSharedDataError::Changed => Self::Changed,
            SetSharedDataError::Refused => Self::Refused,
        }
    }
}

/// Empties an entry that is no longer in use.
pub fn clear(name: &str, memory: &dyn SharedMemory) {
    if let Some(shared) = memory.shared_data(name)
        && !shared.value.is_empty()
    {
        // If another VM has written the entry in the meantime, the write fails. That is fine,
        // because the entry is then in use.
        let _ = memory.set_shared_data(name, &[], Expected::Version(shared.version));
    }
}
