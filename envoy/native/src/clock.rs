//! The clock: a thread that makes Envoy call a hook on the main thread when a
//! [keeper](crate::keeper) has keys to fetch or requests to wake.
//!
//! Envoy has no timer for HTTP filters. The thread sleeps until the next keeper is due, and then
//! asks Envoy to call the hook of that keeper. The thread does nothing else.

use core::time::Duration;
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::{Instant, SystemTime},
};

use portcullis::{connection::Refused, gate::LogLevel, time::UnixMillis};

use crate::{
    abi::ConfigurationScheduler,
    locks::{self, lock},
    log::write_log,
    numbers::Number,
};

/// The longest time between two runs of a keeper. After a longer pause, the keeper's gauges would
/// be outdated.
pub(super) const LONGEST: Duration = Duration::from_secs(1);

/// The shortest wait before a run of a keeper. Without a minimum, a keeper that is always due would
/// keep the main thread busy.
const SHORTEST: Duration = Duration::from_millis(10);

/// The current time, for work that a wrong clock can only delay. If the clock is before 1970, this
/// is the start of 1970.
pub(super) fn now() -> UnixMillis {
    reading().unwrap_or_default()
}

/// The current time, for decisions on requests.
///
/// # Errors
/// If the clock is before 1970. With the start of 1970 as the time, no token would count as
/// expired.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell is what gives the core its time"
)]
pub(super) fn reading() -> Result<UnixMillis, Refused> {
    since_1970(SystemTime::now())
}

fn since_1970(time: SystemTime) -> Result<UnixMillis, Refused> {
    let time = time.duration_since(SystemTime::UNIX_EPOCH);
    let milliseconds = time.map_err(|_| Refused)?.as_millis();
    Ok(UnixMillis::new(
        u64::try_from(milliseconds).unwrap_or(u64::MAX),
    ))
}

/// The time of a monotonic clock, which never goes back.
#[expect(clippy::disallowed_methods, reason = "as for now()")]
pub(super) fn instant() -> Instant {
    Instant::now()
}

/// The scheduler of each configuration's keeper, and the time at which the keeper must run next.
type Due = BTreeMap<Number, (Arc<ConfigurationScheduler>, Instant)>;

static DUE: Mutex<Due> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();
/// Locked while the clock thread calls Envoy. If another thread gets this lock, no such call is in
/// progress.
static CALLING: Mutex<()> = Mutex::new(());
static THREAD: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);

fn due() -> MutexGuard<'static, Due> {
    lock(&DUE)
}

/// Adds a configuration, so that the clock runs its keeper through `scheduler`. Adding the first
/// configuration starts the thread.
pub(super) fn register(number: Number, scheduler: Arc<ConfigurationScheduler>) {
    // This lock is held to the end of the function, so that `unregister` cannot end the clock
    // thread between the steps below.
    let mut thread = lock(&THREAD);
    due().insert(number, (scheduler, instant()));
    if thread.as_ref().is_none_or(JoinHandle::is_finished) {
        let named = thread::Builder::new().name("portcullis".to_owned());
        *thread = named.spawn(run).ok();
        if thread.is_none() {
            let line = "the clock thread cannot be started, so keys are not refreshed, and \
                        requests are refused once the keys are too old; allow Envoy more threads";
            write_log(LogLevel::Error, line);
        }
    }
    CHANGED.notify_one();
}

/// Removes a configuration. When this function returns, no call for the configuration is in
/// progress. Removing the last configuration ends the thread.
///
/// The caller must still own the configuration. Otherwise its scheduler, whose drop calls Envoy,
/// could be dropped here while the list is locked, or on the clock thread.
pub(super) fn unregister(number: Number) {
    // This lock is held to the end of the function. Otherwise another thread could add a
    // configuration before the `join` below, which would then wait for a thread that keeps running.
    let mut thread = lock(&THREAD);
    let mut remaining = due();
    remaining.remove(&number);
    let is_last = remaining.is_empty();
    drop(remaining);
    drop(lock(&CALLING));
    if is_last {
        CHANGED.notify_one();
        if let Some(thread) = thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes sure that a configuration's keeper runs within `wait`, or within `SHORTEST` if `wait` is
/// shorter.
pub(super) fn call_within(number: Number, wait: Duration) {
    let at = instant().checked_add(wait.clamp(SHORTEST, LONGEST));
    if let (Some((_, due)), Some(at)) = (due().get_mut(&number), at)
        && at < *due
    {
        *due = at;
        CHANGED.notify_one();
    }
}

fn run() {
    let mut waiting = due();
    while !waiting.is_empty() {
        let now = instant();
        let next = waiting.values().map(|(_, due)| *due).min();
        let wait = next.map_or(LONGEST, |next| next.saturating_duration_since(now));
        if !wait.is_zero() {
            waiting = locks::wait(&CHANGED, waiting, wait);
            continue;
        }
        let again = now.checked_add(LONGEST).unwrap_or(now);
        let mut called = Vec::new();
        for (scheduler, due) in waiting.values_mut() {
            if *due <= now {
                *due = again;
                called.push(Arc::clone(scheduler));
            }
        }
        // `CALLING` is locked before `DUE` is unlocked, so that `unregister` waits until the calls
        // below are done.
        let calling = lock(&CALLING);
        drop(waiting);
        called.iter().for_each(|scheduler| scheduler.commit());
        drop(called);
        drop(calling);
        waiting = due();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_is_no_time() {
        let epoch = SystemTime::UNIX_EPOCH;
        let second = Duration::from_secs(1);
        assert_eq!(since_1970(epoch - second), Err(Refused));
        assert_eq!(since_1970(epoch), Ok(UnixMillis::new(0)));
        assert_eq!(since_1970(epoch + second), Ok(UnixMillis::new(1000)));
    }
}
