//! The configurations that Envoy currently holds in this process.
//!
//! Envoy does not notify worker threads when a configuration is added or removed. So each worker
//! checks the version of this list at each request, and updates its gates if the version has
//! changed.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use crate::{filter::Filter, locks, numbers::Number};

static FILTERS: RwLock<Vec<Arc<Filter>>> = RwLock::new(Vec::new());
static VERSION: AtomicU64 = AtomicU64::new(0);

/// The version of the list. It changes whenever the list changes.
pub(super) fn version() -> u64 {
    VERSION.load(Ordering::Acquire)
}

/// All configurations, oldest first.
pub(super) fn all() -> Vec<Arc<Filter>> {
    locks::read(&FILTERS).clone()
}

/// The configuration with this number; `None` if Envoy has released it.
pub(super) fn find(number: Number) -> Option<Arc<Filter>> {
    let filters = locks::read(&FILTERS);
    let mut filters = filters.iter();
    filters.find(|filter| filter.number == number).cloned()
}

/// Adds a configuration.
pub(super) fn add(filter: Arc<Filter>) {
    let mut filters = locks::write(&FILTERS);
    filters.push(filter);
    VERSION.fetch_add(1, Ordering::Release);
}

/// Removes a configuration that Envoy has released.
pub(super) fn remove(number: Number) -> Option<Arc<Filter>> {
    let mut filters = locks::write(&FILTERS);
    let place = filters.iter().position(|filter| filter.number == number)?;
    let removed = filters.remove(place);
    VERSION.fetch_add(1, Ordering::Release);
    Some(removed)
}
