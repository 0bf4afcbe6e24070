//! A VM. Each VM runs in its own thread, because the SDK stores its contexts in thread-local
//! variables.
//!
//! The test's thread waits until a callback has returned, so a scenario in the fake host is
//! deterministic with any number of workers. A panic in the module ends the test binary, because
//! panics cannot unwind through the C functions between the module and the host.

use std::{
    cell::{Cell, RefCell},
    io::{self, Write},
    mem,
    panic::{self, PanicHookInfo},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use proxy_wasm::types::Status;

use super::{
    abi,
    state::{Process, VmState},
};

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    static THIS: RefCell<Option<(Arc<Mutex<Process>>, usize)>> = const { RefCell::new(None) };
    static IN_MODULE: Cell<bool> = const { Cell::new(false) };
}

/// A VM that has loaded the module. Dropping the value ends the VM.
pub struct Vm(mpsc::Sender<Job>);

impl Vm {
    /// Starts the VM with this index, and loads the module.
    pub fn start(process: Arc<Mutex<Process>>, index: usize) -> Self {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let run = move || {
            THIS.set(Some((process, index)));
            load_module();
            inbox.into_iter().for_each(|job| job());
        };
        thread::Builder::new()
            .name(format!("vm {index}"))
            .spawn(run)
            .unwrap();
        Self(jobs)
    }

    /// Runs one callback in a context and returns the callback's result. If the module lacks the
    /// capability for this callback, skips the callback and returns `withheld`.
    pub fn enter<R: Send + 'static>(
        &self,
        context: u32,
        callback: &'static str,
        withheld: R,
        run: impl FnOnce() -> R + Send + 'static,
    ) -> R {
        let (result, outcome) = mpsc::channel();
        let job = move || {
            let allowed = with_vm(|process, vm| {
                (vm.current, vm.effective) = (context, 0);
                process.allows(callback)
            });
            let returned = if allowed { in_module(run) } else { withheld };
            with_vm(|_, vm| (vm.current, vm.effective) = (0, 0));
            result.send(returned).expect("the caller no longer waits");
        };
        self.0.send(Box::new(job)).expect("the VM's thread is gone");
        outcome.recv().expect("the VM's thread is gone")
    }
}

/// Performs a host call that the VM in this thread makes. If the test forces a status, or if the
/// module lacks the capability for the call, only returns a status.
pub fn host_call(name: &str, act: impl FnOnce(&mut Process, &mut VmState) -> Status) -> u32 {
    let status = with_vm(|process, vm| {
        if let Some(recorded) = &mut process.recorded {
            recorded.push(name.to_owned());
        }
        match process.forced.get(name) {
            Some(status) => *status,
            None if !process.allows(name) => Status::InternalFailure,
            None => act(process, vm),
        }
    });
    status as u32
}

/// Returns whether a VM runs in this thread.
pub fn is_vm() -> bool {
    THIS.with_borrow(Option::is_some)
}

fn with_vm<R>(act: impl FnOnce(&mut Process, &mut VmState) -> R) -> R {
    THIS.with_borrow(|this| {
        let (process, index) = this.as_ref().expect("a host call outside a VM's thread");
        let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
        let mut vm = mem::take(&mut process.vms[*index]);
        let result = act(&mut process, &mut vm);
        process.vms[*index] = vm;
        result
    })
}

fn load_module() {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // The SDK installs its logger and a panic hook once per process, without synchronisation. The
    // SDK's hook would log the panics of failing tests through a host, but a test's thread has no
    // host. So another hook replaces the SDK's hook.
    abi::initialize();
    panic::set_hook(Box::new(report_panic));
    drop(guard);
}

fn in_module<R>(run: impl FnOnce() -> R) -> R {
    IN_MODULE.set(true);
    let result = run();
    IN_MODULE.set(false);
    result
}

/// Prints a panic. If the module panics, the test binary aborts, and the output that the test
/// harness has captured is lost. So a panic in the module is written directly to standard error.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("?");
    if IN_MODULE.get() {
        let _ = writeln!(io::stderr(), "{name}: the module trapped: {panic}");
    } else {
        eprintln!("{name}: {panic}");
    }
}
