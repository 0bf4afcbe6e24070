//! Locks that stay usable after a panic.
//!
//! The standard library poisons a lock if a thread panics while it holds the lock. Each hook
//! catches panics, so the process goes on. If poisoned locks then caused further panics, one failed
//! request would make all requests fail. So the functions of this module ignore poison.
//!
//! This is safe if a panic cannot leave the value behind a lock in a state that breaks its users.
//! Most changes under a lock are a single call, for example an insertion into a map, which either
//! happens or does not. The others are in an order that allows for an early end:
//!
//! - A [record](crate::records) is replaced before its version changes. If the version does not
//!   change, workers may go on with the old record until the next write.
//! - A [shared value](crate::shared) without users is removed after the count of its users has
//!   become zero. If it is not removed, the next configuration that needs the value uses it.
//! - The [clock](crate::clock) marks a keeper as called before it calls the keeper. If it does not
//!   call the keeper, it does so a second later.
//!
//! Code that takes a new lock must meet the same condition. No lock is held during a call to Envoy
//! that can call this module again.

use core::time::Duration;
use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

/// Locks a mutex.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks a value for reading.
pub(super) fn read<T>(value: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    value.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks a value for writing.
pub(super) fn write<T>(value: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    value.write().unwrap_or_else(PoisonError::into_inner)
}

/// Unlocks a mutex until `changed` is notified or the time has passed, and locks it again.
pub(super) fn wait<'lock, T>(
    changed: &Condvar,
    guard: MutexGuard<'lock, T>,
    longest: Duration,
) -> MutexGuard<'lock, T> {
    let waited = changed.wait_timeout(guard, longest);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn a_lock_is_usable_after_a_panic() {
        let (mutex, value) = (Arc::new(Mutex::new(1)), Arc::new(RwLock::new(2)));
        let held = (Arc::clone(&mutex), Arc::clone(&value));
        let panicked = thread::spawn(move || {
            let _guards = (held.0.lock(), held.1.write());
            panic!("a defect");
        });
        assert!(panicked.join().is_err());
        assert!(mutex.is_poisoned() && value.is_poisoned());
        assert_eq!(*lock(&mutex), 1);
        assert_eq!(*read(&value), 2);
        assert_eq!(*write(&value), 2);
        let guard = wait(&Condvar::new(), lock(&mutex), Duration::ZERO);
        assert_eq!(*guard, 1);
    }
}
