//! The latest records that any configuration of this VM has read.

use core::cell::RefCell;

use crate::{proxy::Proxy, records::SharedRecords, seen::SeenRecords};
use portcullis::engine::Engine;

thread_local! {
    static SEEN: RefCell<SeenRecords> = const { RefCell::new(SeenRecords::new()) };
}

/// The key records of an engine's sources in shared memory. A record is rejected as too old if an
/// earlier configuration of this VM would reject it.
pub(super) fn of(engine: &Engine) -> SharedRecords<Proxy> {
    SEEN.with_borrow_mut(|seen| SharedRecords::of(engine, Proxy, seen))
}
