//! Creates the key records of an engine. All configurations of this VM remember together which
//! record was the latest.

use core::cell::RefCell;

use crate::{proxy::Proxy, records::SharedRecords, seen::SeenRecords};
use portcullis::engine::Engine;

thread_local! {
    static SEEN: RefCell<SeenRecords> = const { RefCell::new(SeenRecords::new()) };
}

/// Creates the key records of an engine's sources in shared memory. An authenticated record is
/// rejected if any configuration of this VM has already read a newer record.
pub(super) fn of(engine: &Engine) -> SharedRecords<Proxy> {
    SEEN.with_borrow_mut(|seen| SharedRecords::of(engine, Proxy, seen))
}
