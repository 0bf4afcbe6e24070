//! What a proxy's shared data can do.

/// The proxy's shared data.
pub trait SharedMemory {
    /// The value and version of an entry; `None` if there is none or the host refuses.
    fn shared_data(&self, key: &str) -> Option<SharedData>;

    /// Writes an entry if it still is as `expected`.
    ///
    /// # Errors
    /// When another worker wrote in between, or the host refuses.
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
    /// Its version; changes with each write.
    pub version: u32,
}

/// What a write to shared data expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No entry.
    Absent,
    /// The entry of this version.
    Version(u32),
}

/// Why a write to shared data did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetSharedDataError {
    /// Another worker wrote in between.
    Changed,
    /// The host refuses.
    Refused,
}

/// Empties an entry that nobody uses any more.
pub fn clear(name: &str, memory: &dyn SharedMemory) {
    if let Some(shared) = memory.shared_data(name)
        && !shared.value.is_empty()
    {
        // Written in between: somebody uses it.
        let _ = memory.set_shared_data(name, &[], Expected::Version(shared.version));
    }
}
