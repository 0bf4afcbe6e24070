//! A VM: a thread of its own, since the SDK keeps the module's contexts thread-local.
//!
//! One callback runs at a time and the caller waits for it, so a scenario on the fake host is
//! deterministic, whatever the number of workers.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
};

use super::{abi, state::Process};

type Job = Box<dyn FnOnce() + Send>;

/// A VM with the module loaded; it ends when dropped.
pub struct Vm(mpsc::Sender<Job>);

impl Vm {
    /// Loads the module as the VM of that index.
    pub fn start(process: Arc<Mutex<Process>>, index: usize) -> Self {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let run = move || {
            abi::initialize(process, index);
            inbox.into_iter().for_each(|job| job());
        };
        thread::Builder::new().name(format!("vm {index}")).spawn(run).unwrap();
        Self(jobs)
    }

    /// Runs one callback in a context, unless its capability is withheld.
    pub fn enter<R: Send + 'static>(
        &self,
        context: u32,
        callback: &'static str,
        withheld: R,
        run: impl FnOnce() -> R + Send + 'static,
    ) -> R {
        let (result, outcome) = mpsc::channel();
        let job = move || drop(result.send(abi::enter(context, callback, withheld, run)));
        self.0.send(Box::new(job)).expect("the VM's thread is gone");
        outcome.recv().expect("the VM's thread is gone")
    }
}
