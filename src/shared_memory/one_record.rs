//! A fake shared memory with only one record, for tests in which workers exchange data.

use std::{cell::RefCell, rc::Rc};

use super::{Expected, SetSharedDataError, SharedData, SharedMemory};

/// A fake shared memory with only one record. Clones share the record.
#[derive(Clone, Debug, Default)]
pub struct OneRecord {
    /// The record.
    pub entry: Rc<RefCell<Option<SharedData>>>,
    /// True to make reads and writes fail, as if the host refused them.
    pub is_withheld: bool,
}

impl SharedMemory for OneRecord {
    fn shared_data(&self, _key: &str) -> Option<SharedData> {
        self.entry.borrow().clone().filter(|_| !self.is_withheld)
    }

    fn set_shared_data(
        &self,
        _key: &str,
        value: &[u8],
        expected: Expected,
    ) -> Result<(), SetSharedDataError> {
        if self.is_withheld {
            return Err(SetSharedDataError::Refused);
        }
        let mut entry = self.entry.borrow_mut();
        let version = entry.as_ref().map_or(0, |entry| entry.version);
        if version != 0 && expected != Expected::Version(version) {
            return Err(SetSharedDataError::Changed);
        }
        *entry = Some(SharedData {
            value: value.to_vec(),
            version: version.saturating_add(1),
        });
        Ok(())
    }
}
