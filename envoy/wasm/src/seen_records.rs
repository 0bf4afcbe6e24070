//! The key records that the configurations of this VM have seen.

use core::cell::RefCell;

use crate::{proxy::Proxy, records::SharedRecords, seen::SeenRecords};
use portcullis::engine::Engine;

thread_local! {
    static SEEN: RefCell<SeenRecords> = const { RefCell::new(SeenRecords::new()) };
}

/// The records of an engine's keys. A new configuration refuses every record that an earlier one
/// would refuse as too old.
pub(super) fn of(engine: &Engine) -> SharedRecords<Proxy> {
    SEEN.with_borrow_mut(|seen| SharedRecords::of(engine, Proxy, seen))
}
