//! Creates the key records of an engine. All configurations of this VM share one [`SeenRecords`],
//! which remembers the latest record of each key source.

use core::cell::RefCell;

use crate::{proxy::Proxy, records::SharedRecords, seen::SeenRecords};
use portcullis::engine::Engine;

thread_local! {
    static SEEN: RefCell<SeenRecords> = const { RefCell::new(SeenRecords::new()) };
}

/// Creates the key records of an engine's sources in shared memory. An authenticated record is
/// rejected if any configuration of this VM has already read or written a newer record of the same
/// source.
pub(super) fn of(engine: &Engine) -> SharedRecords<Proxy> {
    SEEN.with_borrow_mut(|seen| SharedRecords::of(engine, Proxy, seen))
}
