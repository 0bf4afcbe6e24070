//! Running Envoys that serve one gate after another.
//!
//! Envoy starts slowly, because compiling the module takes more than a second of processor time. A
//! warm Envoy keeps the compiled module loaded in a VM that serves no requests, so a new gate
//! starts almost at once. Discovery adds and removes the gate's listener and clusters. When Envoy
//! removes the listener, the gate's VMs and statistics disappear too.

use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{Mutex, PoisonError, TryLockError},
    thread,
};

use super::{
    TRAP, VMS, bootstrap,
    discovery::{Kind, Offer},
    process::{self, EnvoyProcess, POLL},
};
use crate::driver::Build;

/// The maximum number of processes of the same kind. When a gate ends, its process needs one second
/// to drop the listener, so other processes serve the next gates.
const MOST: usize = 8;

static POOL: Mutex<Pool> = Mutex::new(Pool {
    idle: Vec::new(),
    slots: BTreeMap::new(),
});
/// Locked while a process starts. Only one process starts at a time, because compiling the module
/// uses all cores.
static STARTING: Mutex<()> = Mutex::new(());

struct Pool {
    /// Idle processes, the longest idle first.
    idle: Vec<Warm>,
    /// The number of processes of each kind, idle or not.
    slots: BTreeMap<PoolKind, usize>,
}

/// The kind of a process: the build that it runs, and its number of workers.
type PoolKind = (Build, usize);

/// A process without a gate.
pub struct Warm {
    process: EnvoyProcess,
    slot: Slot,
    /// The number of VMs that run while there is no gate. `None` if Envoy runs no proxy-wasm
    /// module, because then Envoy does not count VMs.
    vms: Option<u64>,
    /// An offer whose list of listeners is empty. It makes Envoy remove all listeners.
    empty: Offer,
}

/// The Envoy that a gate uses.
pub enum Lease {
    /// A process that starts and ends with the gate.
    Own(EnvoyProcess),
    /// A process from the pool. It returns to the pool after use, unless the test fails. The value
    /// is `None` only while the lease is being dropped.
    Warm(Option<Warm>),
}

impl Lease {
    /// Borrows a warm Envoy, which contains no traces of earlier gates.
    pub fn warm(build: Build, workers: usize) -> Self {
        loop {
            if let Some(warm) = take((build, workers)) {
                warm.process.reset_counters();
                return Self::Warm(Some(warm));
            }
            thread::sleep(POLL);
        }
    }
}

impl Deref for Lease {
    type Target = EnvoyProcess;

    fn deref(&self) -> &EnvoyProcess {
        match self {
            Self::Own(process) => process,
            Self::Warm(warm) => &warm.as_ref().unwrap().process,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Self::Warm(warm) = self else { return };
        let Some(mut warm) = warm.take() else { return };
        if thread::panicking() {
            return;
        }
        warm.empty = Kind::Listeners.offer(warm.process.folder(), &[]);
        with_pool(|pool| pool.idle.push(warm));
    }
}

/// Takes an idle process that is ready. If there is none, starts a new process. Returns `None` if
/// the limit is reached or another process is starting.
fn take(kind: PoolKind) -> Option<Warm> {
    let idle = with_pool(|pool| {
        let first = pool.idle.iter().position(|warm| warm.slot.0 == kind);
        first.map(|index| pool.idle.remove(index))
    });
    if let Some(warm) = idle {
        if warm.is_ready() {
            return Some(warm);
        }
        with_pool(|pool| pool.idle.insert(0, warm));
    }
    let starting = match STARTING.try_lock() {
        Err(TryLockError::WouldBlock) => return None,
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
    };
    let warm = Slot::free(kind).map(Warm::start);
    drop(starting);
    warm
}

/// The right to run one process of this kind. There are at most [`MOST`] slots for each kind.
struct Slot(PoolKind);

impl Slot {
    fn free(kind: PoolKind) -> Option<Self> {
        with_pool(|pool| {
            let taken = pool.slots.entry(kind).or_default();
            (*taken < MOST).then(|| {
                *taken += 1;
                Self(kind)
            })
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        with_pool(|pool| *pool.slots.entry(self.0).or_default() -= 1);
    }
}

/// Runs `act` with the pool locked, even if another test has panicked while it held the lock.
fn with_pool<T>(act: impl FnOnce(&mut Pool) -> T) -> T {
    act(&mut POOL.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Warm {
    fn start(slot: Slot) -> Self {
        let folder = process::new_folder();
        Kind::Clusters.offer(&folder, &[]);
        let empty = Kind::Listeners.offer(&folder, &[]);
        let (build, workers) = slot.0;
        let bootstrap = bootstrap::warm(&folder, build);
        let process = EnvoyProcess::spawn(folder, &bootstrap, workers);
        process.wait_for("readiness", || process.is_ready().then_some(()));
        let vms = process.stat(VMS);
        Self {
            process,
            slot,
            vms,
            empty,
        }
    }

    /// Returns whether the process is ready for a new gate. It is ready as soon as it contains no
    /// traces of the previous gate.
    fn is_ready(&self) -> bool {
        if self.process.log().contains(TRAP) {
            self.process.fail(&"a module trapped while its gate ended");
        }
        let stats = || self.process.stats("listener_manager.total_");
        self.empty.is_taken(&self.process)
            && stats().values().all(|count| count == "0")
            && self.process.stat(VMS) == self.vms
    }
}
