//! The records that the configurations of this VM have seen.

use core::cell::RefCell;

use crate::{proxy::Proxy, records::SharedRecords, seen::SeenRecords};
use portcullis::engine::Engine;

thread_local! {
    static SEEN: RefCell<SeenRecords> = const { RefCell::new(SeenRecords::new()) };
}

/// The shared records of an engine's key sources. They refuse records that an earlier configuration
/// would refuse as too old.
pub(super) fn of(engine: &Engine) -> SharedRecords<Proxy> {
    SEEN.with_borrow_mut(|seen| SharedRecords::of(engine, Proxy, seen))
}
