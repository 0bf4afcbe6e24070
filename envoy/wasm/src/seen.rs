//! Remembers the [`Order`] of the latest key record in shared data, for each key source.
//!
//! A new configuration has not read any record yet, so it needs to know what earlier configurations
//! have read. Otherwise an attacker could restore an old record just before a configuration update,
//! and so bring back a key that the issuer has withdrawn.

use core::cell::Cell;
use std::rc::Rc;

use portcullis::{keys::Order, shared_by_name::SharedByName};

/// The [`Order`] of the latest record in each entry, by entry name. An order is kept as long as a
/// configuration uses the entry's key source.
#[derive(Debug)]
pub struct SeenRecords(SharedByName<Cell<Order>>);

impl SeenRecords {
    /// Creates an empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(SharedByName::new())
    }

    /// The order of the latest record in the entry with this name. The caller may update the order.
    pub(super) fn latest(&mut self, name: &str) -> Rc<Cell<Order>> {
        self.0.get(name)
    }
}

impl Default for SeenRecords {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn forgets_records_that_no_configuration_uses() {
        let mut seen = SeenRecords::new();
        let (first, second) = (seen.latest("first"), seen.latest("second"));
        assert!(!Rc::ptr_eq(&first, &second));
        assert!(Rc::ptr_eq(&first, &seen.latest("first")));
        drop((first, second));
        let _third = seen.latest("third");
        assert_eq!(seen.0.count(), 1);
    }
}
