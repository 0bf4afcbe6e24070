//! A host with one record in its shared data, for tests of what workers write there for each other.

use std::{cell::RefCell, rc::Rc};

use crate::shared_memory::{Expected, SetSharedDataError, SharedData, SharedMemory};

/// One record, which copies share, and whether the host grants access to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) entry: Rc<RefCell<Option<SharedData>>>,
    pub(crate) is_withheld: bool,
}

impl SharedMemory for Record {
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
            version: version + 1,
        });
        Ok(())
    }
}
