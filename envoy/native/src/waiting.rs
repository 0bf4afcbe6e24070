//! The requests that wait on this thread.
//!
//! Dropping a waiting request calls Envoy, which can call this module again. So the lists are never
//! borrowed while a request is dropped.

use core::{
    cell::RefCell,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::{collections::BTreeMap, sync::Arc, time::Instant};

use portcullis::gate::StreamId;

use crate::{abi::StreamScheduler, filter::Ticket, numbers::Number};

/// A request that waits on this thread.
pub(super) struct Parked {
    pub(super) number: Number,
    pub(super) id: StreamId,
    /// The `build` number of the gate that has the request in its list.
    pub(super) build: u64,
    pub(super) _ticket: Ticket,
    /// The time at which the request is forgotten, on the monotonic clock. If this were a time of
    /// the wall clock, setting the wall clock forward would make this thread forget all waiting
    /// requests, which would then hang.
    pub(super) forgotten_at: Option<Instant>,
    pub(super) scheduler: Arc<StreamScheduler>,
    pub(super) _count: Count,
}

/// Counts the waiting requests of all threads. Each waiting request holds one value of this type.
pub(super) struct Count(());

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Count {
    /// Adds one to the count. Dropping the value subtracts one again.
    pub(super) fn new() -> Self {
        COUNT.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that has ended.
pub(super) struct Ended {
    /// The `build` number of the gate that knows the stream. The IDs of a rebuilt gate start from 1
    /// again, so one of its requests may have the same ID as this stream.
    pub(super) build: u64,
    pub(super) id: StreamId,
}

thread_local! {
    /// The waiting requests, by the addresses of their streams.
    static PARKED: RefCell<BTreeMap<usize, Parked>> = const { RefCell::new(BTreeMap::new()) };
    /// For each configuration, the ended streams whose gates have not been notified yet.
    static ENDED: RefCell<BTreeMap<Number, Vec<Ended>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Adds the waiting request of a stream.
pub(super) fn add(address: usize, parked: Parked) {
    let lost = PARKED.with_borrow_mut(|all| all.insert(address, parked));
    if let Some(lost) = lost {
        // The new stream has the same address, so the old stream has ended although Envoy did not
        // report its end.
        forget(&lost);
    }
}

/// Removes and returns the request of a stream, if the request is waiting.
pub(super) fn take(address: usize) -> Option<Parked> {
    // This function is called for every stream that ends, and usually no request waits, so the
    // count is checked first. A thread counts its own waiting requests, so the count that it reads
    // here includes them.
    if COUNT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    PARKED.with_borrow_mut(|all| all.remove(&address))
}

/// Makes the gate forget a request the next time that the gate runs.
pub(super) fn forget(parked: &Parked) {
    let (build, id) = (parked.build, parked.id);
    ENDED.with_borrow_mut(|all| {
        let ended = all.entry(parked.number).or_default();
        ended.push(Ended { build, id });
    });
}

/// Forgets a configuration's requests whose end Envoy never reported.
pub(super) fn forget_lost(number: Number, now: Instant) {
    let is_lost = |_: &usize, parked: &mut Parked| {
        parked.number == number && parked.forgotten_at.is_some_and(|at| at < now)
    };
    let lost: Vec<_> =
        PARKED.with_borrow_mut(|all| all.extract_if(.., is_lost).map(|(_, lost)| lost).collect());
    lost.iter().for_each(forget);
}

/// Wakes the waiting requests of a configuration.
pub(super) fn wake(number: Number) {
    let waiting: Vec<_> = PARKED.with_borrow(|all| {
        let own = all.values().filter(|parked| parked.number == number);
        own.map(|parked| Arc::clone(&parked.scheduler)).collect()
    });
    waiting.iter().for_each(|scheduler| scheduler.commit());
}

/// Removes and returns the ended streams of a configuration.
pub(super) fn take_ended(number: Number) -> Vec<Ended> {
    ENDED.with_borrow_mut(|all| all.remove(&number).unwrap_or_default())
}

/// Drops the ended streams of configurations that Envoy has released.
pub(super) fn retain_ended(is_alive: impl Fn(Number) -> bool) {
    ENDED.with_borrow_mut(|all| all.retain(|number, _| is_alive(*number)));
}
