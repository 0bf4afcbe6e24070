//! What this VM uses of things that outlive it: records in shared data, gauges.
//!
//! A VM can hold several configurations at once: those of other listeners, and while a listener is
//! replaced the old and the new one. What the last of them leaves has to be tidied up.

use std::{cell::RefCell, collections::BTreeMap};

thread_local! {
    static USERS: RefCell<BTreeMap<String, usize>> = const { RefCell::new(BTreeMap::new()) };
}

/// A configuration begins to use what has these names.
pub(super) fn enter<'a>(names: impl Iterator<Item = &'a str>) {
    USERS.with_borrow_mut(|users| {
        for name in names {
            let count = users.entry(name.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
    });
}

/// A configuration uses what has these names no longer. Returns what nobody uses any more.
pub(super) fn leave<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    USERS.with_borrow_mut(|users| {
        names
            .filter(|name| {
                let others = users.get(*name).copied().unwrap_or_default();
                let others = others.saturating_sub(1);
                if others > 0 {
                    users.insert((*name).to_owned(), others);
                } else {
                    users.remove(*name);
                }
                others == 0
            })
            .collect()
    })
}
