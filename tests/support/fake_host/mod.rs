//! The in-process driver: a fake proxy around the natively linked module.
//!
//! The driver is fast, deterministic and easy to debug. Time is simulated and only passes while a
//! scenario waits. As in Envoy, there is a VM for each worker and one for the main thread. The
//! timer of the main thread's VM ticks, but this VM gets no requests. If the module panics, the
//! test binary ends, so no test can miss a panic.

mod abi;
pub mod foreign;
mod http_call;
mod life;
mod local_reply;
mod metrics;
mod pairs;
mod protobuf_struct;
mod shared_data;
mod state;
mod stream;
mod vm;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use proxy_wasm::types::Status;
use serde_json::Value;

pub use self::state::Process;
use self::vm::Vm;
use super::{
    driver::{Driver, Exchange, Refused, Request, Setup, Wrapping},
    http::PATIENCE,
};

/// The time at which a simulated clock starts: 2027-01-15T08:00:00Z.
const START: Duration = Duration::from_secs(1_800_000_000);

/// A simulated proxy process.
pub struct FakeHost {
    process: Arc<Mutex<Process>>,
    vms: Vec<Vm>,
    wrapping: Wrapping,
    filter_state: Vec<String>,
    next_worker: Cell<usize>,
    answered: RefCell<BTreeMap<StreamId, Exchange>>,
}

/// A connection to one of the workers.
pub struct Connection {
    process: Arc<Mutex<Process>>,
    vm: usize,
    number: u64,
    root: u32,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.vms[self.vm].connections.remove(&self.number);
    }
}

/// Identifies a stream by its context id and the index of its VM. VM 0 belongs to the main thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId {
    vm: usize,
    context: u32,
}

impl Driver for FakeHost {
    type Pending = StreamId;
    type Connection = Connection;

    fn start(setup: &Setup) -> Result<Self, Refused> {
        assert!(
            setup.external_clusters.is_empty(),
            "the fake host does not support external clusters"
        );
        assert!(
            setup.filters_ahead.is_empty() && setup.filters_behind.is_empty(),
            "the fake host does not support other filters"
        );
        let vms = 1 + setup.workers.max(1);
        let process = Process {
            now: START,
            vm_id: setup.vm_id.clone().unwrap_or_else(|| "test".to_owned()),
            clusters: setup.clusters.clone(),
            virtual_hosts: setup.virtual_hosts.clone(),
            preset_filter_state: setup.preset_filter_state.clone(),
            foreign_functions: [
                ("clear_route_cache".to_owned(), foreign::ignored()),
                ("verify_signature".to_owned(), foreign::verify_signature()),
            ]
            .into(),
            capabilities: setup
                .capabilities
                .clone()
                .map(|allowed| allowed.into_iter().collect()),
            vms: (0..vms).map(|_| Default::default()).collect(),
            ..Process::default()
        };
        let process = Arc::new(Mutex::new(process));
        let fake = Self {
            vms: (0..vms)
                .map(|index| Vm::start(Arc::clone(&process), index))
                .collect(),
            process,
            wrapping: setup.wrapping,
            filter_state: setup.filter_state.clone(),
            next_worker: Cell::new(0),
            answered: RefCell::default(),
        };
        fake.reconfigure(&setup.configuration)?;
        Ok(fake)
    }

    fn reconfigure(&self, configuration: &Value) -> Result<(), Refused> {
        self.configure(match self.wrapping {
            Wrapping::Text => configuration.to_string().into_bytes(),
            Wrapping::Struct => protobuf_struct::encoded(configuration),
        })
    }

    fn reconfigure_in_vain(&self, configuration: &Value) {
        let configuration = configuration.to_string().into_bytes();
        let old = std::mem::replace(&mut self.process().configuration, configuration);
        for vm in 0..self.vms.len() {
            self.create_root(vm).unwrap();
        }
        self.process().configuration = old;
        (0..self.vms.len()).for_each(|vm| self.retire_roots(vm));
    }

    fn connect(&self) -> Connection {
        let vm = self.next_worker();
        let process = &mut *self.process();
        let (number, root) = (process.new_connection(), process.vms[vm].current_root);
        process.vms[vm].connections.insert(number, root);
        Connection {
            process: Arc::clone(&self.process),
            vm,
            number,
            root,
        }
    }

    fn send_on(&self, connection: &mut Connection, request: &Request) -> Exchange {
        let Connection {
            vm, number, root, ..
        } = *connection;
        self.finish(self.begin_over(vm, number, root, request))
    }

    fn begin(&self, request: &Request) -> StreamId {
        self.begin_on(self.next_worker(), request)
    }

    fn finish(&self, stream: StreamId) -> Exchange {
        self.wait_until("an answer", || self.answered.borrow().contains_key(&stream));
        self.answered.borrow_mut().remove(&stream).unwrap()
    }

    fn abandon(&self, stream: StreamId) {
        if self.answered.borrow_mut().remove(&stream).is_none() {
            self.end(stream);
            self.settle(stream.vm);
        }
    }

    fn in_flight(&self) -> u64 {
        self.process()
            .vms
            .iter()
            .map(|vm| vm.streams.len() as u64)
            .sum()
    }

    fn taken_by_worker(&self) -> Vec<u64> {
        let workers = &self.process().vms[1..];
        workers.iter().map(|vm| vm.requests_taken).collect()
    }

    fn metric(&self, name: &str) -> Option<u64> {
        self.process().metrics.named(name)
    }

    fn log(&self) -> Vec<String> {
        self.process()
            .log
            .iter()
            .map(|(_, line)| line.clone())
            .collect()
    }

    fn now(&self) -> u64 {
        self.process().now.as_secs()
    }

    fn pass(&self, time: Duration) {
        let end = self.process().now + time;
        while self.process().now < end {
            self.step();
        }
    }

    fn wait_until(&self, expectation: &str, mut condition: impl FnMut() -> bool) {
        let deadline = self.process().now + PATIENCE;
        while !condition() {
            assert!(
                self.process().now < deadline,
                "waited in vain for {expectation}: {:#?}",
                self.log()
            );
            self.step();
        }
    }
}

impl Drop for FakeHost {
    /// Ends every context before the threads end, as a real proxy does.
    fn drop(&mut self) {
        (0..self.vms.len()).for_each(|vm| self.shut_down(vm));
    }
}

/// Functions that only this driver offers. They examine or change the host's state, or run a single
/// callback.
impl FakeHost {
    /// The process, which contains the clock, the shared data, the metrics, the properties and the
    /// forced statuses. The caller must drop the guard before the module runs.
    pub fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every host call with this name return this status from now on.
    pub fn force(&self, call: &str, status: Status) {
        self.process().forced.insert(call.to_owned(), status);
    }

    /// Makes every host call with this name return this status while the module handles trailers.
    pub fn fail_on_trailers(&self, call: &str, status: Status) {
        self.process()
            .forced_on_trailers
            .insert(call.to_owned(), status);
    }

    /// Drops a stream without notifying the module.
    pub fn forget(&self, stream: StreamId) {
        let vm = &mut self.process().vms[stream.vm];
        vm.streams.remove(&stream.context);
        vm.forgotten.push(stream.context);
    }

    /// Returns the index of the VM that serves the next client. The workers take turns.
    fn next_worker(&self) -> usize {
        let worker = self.next_worker.get();
        self.next_worker.set((worker + 1) % (self.vms.len() - 1));
        1 + worker
    }

    /// Offers a plugin configuration as bytes, which need not be valid.
    pub fn configure(&self, configuration: Vec<u8>) -> Result<(), Refused> {
        let old = std::mem::replace(&mut self.process().configuration, configuration);
        let before = self.process().log.len();
        for vm in 0..self.vms.len() {
            if !self.configure_vm(vm) {
                self.process().configuration = old;
                return Err(Refused(self.log()[before..].join("\n")));
            }
            self.retire_roots(vm);
        }
        Ok(())
    }

    /// Runs `proxy_on_tick` in a VM now, even if no tick is due. VM 0 belongs to the main thread.
    pub fn tick(&self, vm: usize) {
        let roots: Vec<u32> = self.process().vms[vm].roots.keys().copied().collect();
        roots.into_iter().for_each(|root| self.tick_root(vm, root));
    }
}
