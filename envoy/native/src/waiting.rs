//! The requests that wait on this thread.
//!
//! Dropping a waiting request calls Envoy, which can call this module again. So the lists are never
//! borrowed while one is dropped.

use core::cell::RefCell;
use std::{collections::BTreeMap, sync::Arc, time::Instant};

use portcullis::gate::StreamId;

use crate::{abi::StreamScheduler, filter::Ticket, numbers::Number};

/// A request that waits on this thread.
pub(super) struct Parked {
    pub(super) number: Number,
    pub(super) id: StreamId,
    /// The `build` of the gate that has it in its list.
    pub(super) build: u64,
    pub(super) _ticket: Ticket,
    /// When it is forgotten. The time of day would not do: if the clock were set forward, every
    /// waiting request would be forgotten and would hang.
    pub(super) forgotten_at: Option<Instant>,
    pub(super) scheduler: Arc<StreamScheduler>,
}

/// A stream that has ended.
pub(super) struct Ended {
    /// The `build` of the gate that knows the stream. A gate that is built again counts its IDs
    /// from the start, so another request may have the same ID in it.
    pub(super) build: u64,
    pub(super) id: StreamId,
}

thread_local! {
    /// The waiting requests by the addresses of their streams.
    static PARKED: RefCell<BTreeMap<usize, Parked>> = const { RefCell::new(BTreeMap::new()) };
    /// Streams that have ended and that their gates do not know of yet, by configuration.
    static ENDED: RefCell<BTreeMap<Number, Vec<Ended>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Adds the request of a stream.
pub(super) fn add(address: usize, parked: Parked) {
    let lost = PARKED.with_borrow_mut(|all| all.insert(address, parked));
    if let Some(lost) = lost {
        // Another stream now has its address, so it has ended, although its end was not reported.
        forget(&lost);
    }
}

/// Removes and returns the request of a stream, if it waits.
pub(super) fn take(address: usize) -> Option<Parked> {
    PARKED.with_borrow_mut(|all| all.remove(&address))
}

/// Makes the gate forget a request the next time it runs.
pub(super) fn forget(parked: &Parked) {
    let (build, id) = (parked.build, parked.id);
    ENDED.with_borrow_mut(|all| {
        let ended = all.entry(parked.number).or_default();
        ended.push(Ended { build, id });
    });
}

/// Forgets the requests of a configuration whose end was never reported.
pub(super) fn forget_lost(number: Number, now: Instant) {
    let is_lost = |_: &usize, parked: &mut Parked| {
        parked.number == number && parked.forgotten_at.is_some_and(|at| at < now)
    };
    let lost: Vec<_> =
        PARKED.with_borrow_mut(|all| all.extract_if(.., is_lost).map(|(_, lost)| lost).collect());
    lost.iter().for_each(forget);
}

/// Wakes the requests of a configuration.
pub(super) fn wake(number: Number) {
    let waiting: Vec<_> = PARKED.with_borrow(|all| {
        let own = all.values().filter(|parked| parked.number == number);
        own.map(|parked| Arc::clone(&parked.scheduler)).collect()
    });
    waiting.iter().for_each(|scheduler| scheduler.commit());
}

/// Removes and returns the streams of a configuration that have ended.
pub(super) fn take_ended(number: Number) -> Vec<Ended> {
    ENDED.with_borrow_mut(|all| all.remove(&number).unwrap_or_default())
}

/// Drops what was kept for the gates of configurations that are gone.
pub(super) fn retain_ended(is_alive: impl Fn(Number) -> bool) {
    ENDED.with_borrow_mut(|all| all.retain(|number, _| is_alive(*number)));
}
