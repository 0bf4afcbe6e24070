//! Values that several configurations of this process share. Each value has a key.
//!
//! A value is kept as long as Envoy holds a configuration that uses the value. Plain reference
//! counting would keep values too long, because an idle worker keeps the gate of a removed
//! configuration until the worker's next request.

use std::sync::{Arc, Mutex};

use crate::locks::lock;

/// Values by key. Each entry counts the configurations that use it.
pub(super) struct Shared<K, V>(Mutex<Vec<Entry<K, V>>>);

struct Entry<K, V> {
    key: K,
    value: Arc<V>,
    users: usize,
}

impl<K: PartialEq, V: Default> Shared<K, V> {
    /// Creates an empty collection.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Returns the value of a key, and adds one to the number of configurations that use the value.
    pub(super) fn acquire(&self, key: K) -> Arc<V> {
        let mut entries = lock(&self.0);
        if let Some(entry) = entries.iter_mut().find(|entry| entry.key == key) {
            entry.users = entry.users.saturating_add(1);
            return Arc::clone(&entry.value);
        }
        let value = Arc::default();
        entries.push(Entry {
            key,
            value: Arc::clone(&value),
            users: 1,
        });
        value
    }

    /// Subtracts one from the number of configurations that use this value. If none is left,
    /// removes the value.
    pub(super) fn release(&self, value: &Arc<V>) {
        let mut entries = lock(&self.0);
        let Some(place) = entries
            .iter()
            .position(|entry| Arc::ptr_eq(&entry.value, value))
        else {
            return;
        };
        if let Some(entry) = entries.get_mut(place) {
            entry.users = entry.users.saturating_sub(1);
            if entry.users == 0 {
                entries.swap_remove(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lives_as_long_as_a_configuration_has_it() {
        let shared = Shared::<&str, u8>::new();
        let (first, second) = (shared.acquire("a"), shared.acquire("a"));
        assert!(Arc::ptr_eq(&first, &second));
        assert!(!Arc::ptr_eq(&first, &shared.acquire("b")));
        shared.release(&first);
        assert!(Arc::ptr_eq(&first, &shared.acquire("a")));
        shared.release(&first);
        shared.release(&first);
        assert!(!Arc::ptr_eq(&first, &shared.acquire("a")));
    }
}
