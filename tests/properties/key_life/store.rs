//! The shared data of a proxy. Writes follow the same rules as in Envoy: if an entry exists, a
//! write that names a version succeeds only if the entry has that version.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use portcullis::shared_memory::{Expected, SetSharedDataError, SharedData, SharedMemory};

/// The shared data of one proxy. Clones share the entries.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedStore(pub(super) Rc<Entries>);

#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) entries: RefCell<BTreeMap<String, SharedData>>,
    /// Every value that a worker has written.
    pub(super) history: RefCell<Vec<Vec<u8>>>,
    pub(super) versions: Cell<u32>,
}

impl SharedMemory for SharedStore {
    fn shared_data(&self, key: &str) -> Option<SharedData> {
        self.0.entries.borrow().get(key).cloned()
    }

    fn set_shared_data(
        &self,
        key: &str,
        value: &[u8],
        expected: Expected,
    ) -> Result<(), SetSharedDataError> {
        let mut entries = self.0.entries.borrow_mut();
        let fits = match (entries.get(key), expected) {
            (None, _) => true,
            (Some(entry), Expected::Version(version)) => entry.version == version,
            (Some(_), Expected::Absent) => false,
        };
        if !fits {
            return Err(SetSharedDataError::Changed);
        }
        let version = self.0.versions.get() + 1;
        self.0.versions.set(version);
        let value = value.to_vec();
        self.0.history.borrow_mut().push(value.clone());
        entries.insert(key.to_owned(), SharedData { value, version });
        Ok(())
    }
}
