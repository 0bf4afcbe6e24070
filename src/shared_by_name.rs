//! Values that several owners share by name.

use std::rc::{Rc, Weak};

/// Values by name. Each value is dropped with its last owner.
#[derive(Debug)]
pub struct SharedByName<T>(Vec<(String, Weak<T>)>);

impl<T: Default> Default for SharedByName<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Default> SharedByName<T> {
    /// Makes an empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the value with this name, or a new one if no owner of such a value is left.
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

    /// The number of entries. Entries whose value was dropped count until the next
    /// [`get`](Self::get).
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }
}
