//! The key records that the configurations of this VM have seen.

use core::cell::RefCell;

use crate::{
    engine::Engine,
    filter::proxy::Proxy,
    shared_memory::{SeenRecords, SharedRecords},
};

thread_local! {
    static SEEN: RefCell<SeenRecords> = const { RefCell::new(SeenRecords::new()) };
}

/// The records of an engine's keys. A new configuration refuses those that an earlier one would refuse as
/// too old.
pub(super) fn of(engine: &Engine) -> SharedRecords<Proxy> {
    SEEN.with_borrow_mut(|seen| engine.shared_records(Proxy, seen))
}
