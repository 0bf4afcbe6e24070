//! The interface to a proxy's shared data.

/// The proxy's shared data.
pub trait SharedMemory {
    /// Reads an entry; `None` if it does not exist or the host refuses.
    fn shared_data(&self, key: &str) -> Option<SharedData>;

    /// Writes an entry if it is still in the state `expected`.
    ///
    /// # Errors
    /// If another worker wrote in between, or the host refuses.
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
    /// Its version, which changes with each write.
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
    /// Another worker wrote in between.
    Changed,
    /// The host refuses.
    Refused,
}

/// Empties an entry that is no longer in use.
pub fn clear(name: &str, memory: &dyn SharedMemory) {
    if let Some(shared) = memory.shared_data(name)
        && !shared.value.is_empty()
    {
        // If this fails, another VM wrote in between and uses the entry.
        let _ = memory.set_shared_data(name, &[], Expected::Version(shared.version));
    }
}
