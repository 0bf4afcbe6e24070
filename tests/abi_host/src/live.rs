//! Records the live handles: those that the library may use now. The process ends if the library
//! uses any other handle, or releases a handle twice.
//!
//! Each handle is the address of an object. The host frees the object when the handle is no longer
//! live, so a sanitizer notices if the library still uses the object.

use std::{
    backtrace::Backtrace,
    collections::{BTreeSet, VecDeque},
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The number of log lines to print after a failure.
const SHOWN: usize = 20;

/// The addresses of all live handles of one kind.
pub(crate) struct Live {
    kind: &'static str,
    all: Mutex<BTreeSet<usize>>,
}

pub(crate) static STREAMS: Live = Live::new("stream");
pub(crate) static STREAM_SCHEDULERS: Live = Live::new("stream scheduler");
pub(crate) static CONFIGURATIONS: Live = Live::new("configuration");
pub(crate) static CONFIGURATION_SCHEDULERS: Live = Live::new("configuration scheduler");

static LOG: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

impl Live {
    const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            all: Mutex::new(BTreeSet::new()),
        }
    }

    pub(crate) fn add(&self, address: usize) {
        locked(&self.all).insert(address);
    }

    pub(crate) fn remove(&self, address: usize) {
        if !locked(&self.all).remove(&address) {
            die(&format!("the library deleted a {} twice", self.kind));
        }
    }

    pub(crate) fn expect(&self, address: usize) {
        if !locked(&self.all).contains(&address) {
            die(&format!(
                "the library used a {} that no longer exists",
                self.kind
            ));
        }
    }

    /// Ends the process if any handle is still alive.
    pub(crate) fn expect_none(&self) {
        let left = locked(&self.all).len();
        if left > 0 {
            die(&format!(
                "{left} handles of kind {} were never released",
                self.kind
            ));
        }
    }
}

/// Keeps a log line of the library. The last few lines are printed if the test fails.
pub(crate) fn keep_line(line: String) {
    let mut log = locked(&LOG);
    log.push_back(line);
    if log.len() > SHOWN {
        log.pop_front();
    }
}

/// Ends the process, because the library broke a rule. This function aborts instead of panicking,
/// because a panic cannot unwind through the library.
pub(crate) fn die(reason: &str) -> ! {
    for line in &*locked(&LOG) {
        eprintln!("{line}");
    }
    eprintln!("{reason}\n{}", Backtrace::force_capture());
    process::abort();
}

/// Locks a mutex. Works even if a thread panicked while it held the lock.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
