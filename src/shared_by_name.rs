//! A map of values that several owners share.

use std::rc::{Rc, Weak};

/// Values by name. A value is dropped when its last owner is dropped.
#[derive(Debug)]
pub struct SharedByName<T>(Vec<(String, Weak<T>)>);

impl<T: Default> Default for SharedByName<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Default> SharedByName<T> {
    /// Makes an empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the value with this name. Makes a new value if none exists, or if the last owner has
    /// dropped the value.
    pub fn get(&mut self, name: &str) -> Rc<T> {
        self.0.retain(|(_, value)| value.strong_count() > 0);
        let known = self.0.iter().find(|(own, _)| own == name);
        known
            .and_then(|(_, value)| value.upgrade())
            .unwrap_or_else(|| {
                let value = Rc::default();
                self.0.push((name.to_owned(), Rc::downgrade(&value)));
                value
            })
    }

    /// The number of entries. Entries whose value was dropped are counted until the next
    /// [`get`](Self::get).
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }
}
