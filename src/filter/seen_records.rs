//! The key records that the configurations of this VM have seen.

use core::cell::RefCell;

use crate::{engine::Engine, keys::SeenRecords};

thread_local! {
    static SEEN: RefCell<SeenRecords> = const { RefCell::new(SeenRecords::new()) };
}

/// Has a new configuration refuse the records that an earlier one would refuse as too old.
pub(super) fn share(engine: &mut Engine) {
    SEEN.with_borrow_mut(|seen| engine.heed(seen));
}
