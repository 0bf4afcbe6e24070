//! Which records of shared data this VM uses.
//!
//! A VM can hold several configurations at once: those of other listeners, and while a listener is
//! replaced the old and the new one. A record is emptied when the last that uses it goes.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{filter::proxy::Proxy, keys};

thread_local! {
    static USERS: RefCell<BTreeMap<String, usize>> = const { RefCell::new(BTreeMap::new()) };
}

/// A configuration begins to use these records.
pub(super) fn enter<'a>(names: impl Iterator<Item = &'a str>) {
    USERS.with_borrow_mut(|users| {
        for name in names {
            let count = users.entry(name.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
    });
}

/// A configuration uses these records no longer. Where `clears`, those that were its alone are
/// emptied; another VM that still uses one has its own copy, and writes it anew.
pub(super) fn leave<'a>(names: impl Iterator<Item = &'a str>, clears: bool) {
    for name in names {
        let is_last = USERS.with_borrow_mut(|users| {
            let count = users.get(name).copied().unwrap_or_default();
            if count > 1 {
                users.insert(name.to_owned(), count.saturating_sub(1));
            } else {
                users.remove(name);
            }
            count <= 1
        });
        if is_last && clears {
            keys::clear(name, &Proxy);
        }
    }
}
