//! What this VM uses of things that outlive it: records in shared data, gauges.
//!
//! A VM can hold several configurations at once: those of other listeners, and while a listener is
//! replaced the old and the new one. What the last of them leaves has to be tidied up.

use std::cell::RefCell;

thread_local! {
    /// A name is in it once for each configuration that uses what it names.
    static NAMES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A configuration begins to use what has these names.
pub(super) fn enter<'a>(names: impl Iterator<Item = &'a str>) {
    NAMES.with_borrow_mut(|in_use| in_use.extend(names.map(str::to_owned)));
}

/// A configuration uses what has these names no longer. Returns what nobody uses any more.
pub(super) fn leave<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    NAMES.with_borrow_mut(|in_use| {
        names
            .filter(|name| {
                if let Some(place) = in_use.iter().position(|used| used == name) {
                    in_use.swap_remove(place);
                }
                !in_use.iter().any(|used| used == name)
            })
            .collect()
    })
}
