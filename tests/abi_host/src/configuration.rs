//! The filter's configurations, and the library's calls to authorization servers.

use core::{
    ptr,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, Weak, mpsc::Sender},
    thread::{self, ThreadId},
};

use support::random::Random;

use crate::{
    abi::{Handle, Header, Octets, Own},
    library::Library,
    live::{self, CONFIGURATIONS, die, locked},
    requests,
};

/// A configuration that the library has loaded. It lives at least as long as its last stream.
pub(crate) struct Configuration {
    pub(crate) library: &'static Library,
    /// The number that the library returned for the configuration; 0 while the library loads it.
    own: AtomicUsize,
    /// The channel that asks the main thread to call [`Self::scheduled`].
    pub(crate) main: Sender<Weak<Configuration>>,
    thread: ThreadId,
    /// A weak reference to this object. A scheduler needs a weak reference, but the library passes
    /// only a bare pointer to the host.
    itself: Weak<Configuration>,
    pub(crate) is_loading: AtomicBool,
    /// The number of metrics that the library has defined.
    pub(crate) metrics: AtomicUsize,
    /// How many of the configuration's hooks are running on the main thread.
    hooks: AtomicU32,
    next_call: AtomicU64,
    calls: Mutex<BTreeSet<u64>>,
    random: Mutex<Random>,
}

/// How an authorization server responds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Response {
    Keys,
    Nonsense,
    Unavailable,
    Reset,
}

impl Configuration {
    /// Loads a configuration. Must run on the main thread. Returns `None` if the library rejects
    /// the configuration.
    pub(crate) fn load(
        library: &'static Library,
        name: &str,
        text: &str,
        main: &Sender<Weak<Self>>,
        random: &mut Random,
    ) -> Option<Arc<Self>> {
        let configuration = Arc::new_cyclic(|itself| Self {
            library,
            own: AtomicUsize::new(0),
            main: main.clone(),
            thread: thread::current().id(),
            itself: itself.clone(),
            is_loading: AtomicBool::new(true),
            metrics: AtomicUsize::new(0),
            hooks: AtomicU32::new(0),
            next_call: AtomicU64::new(1),
            calls: Mutex::default(),
            random: Mutex::new(Random::new(random.number())),
        });
        let handle = configuration.handle();
        CONFIGURATIONS.add(handle.addr());
        let (name, text) = (name.as_bytes().to_vec(), text.as_bytes().to_vec());
        let own = configuration.in_hook(|| {
            library.http_filter_config_new(handle, Octets::lend(&name), Octets::lend(&text))
        });
        configuration.is_loading.store(false, Ordering::Release);
        configuration.own.store(own.addr(), Ordering::Release);
        (!own.is_null()).then_some(configuration)
    }

    /// Returns the configuration that belongs to a handle. Ends the process if the caller does not
    /// run on the main thread, or if none of the configuration's hooks is running.
    pub(crate) fn of(handle: Handle) -> Arc<Self> {
        CONFIGURATIONS.expect(handle.addr());
        // SAFETY: the configuration is alive, as the line above checks.
        let configuration = unsafe { &*handle.cast::<Self>() };
        if thread::current().id() != configuration.thread {
            die("the library used a configuration on a thread other than the main thread");
        }
        if configuration.hooks.load(Ordering::Acquire) == 0 {
            die("the library used a configuration outside its hooks");
        }
        configuration
            .itself
            .upgrade()
            .unwrap_or_else(|| die("the library used a configuration after its end"))
    }

    pub(crate) fn own(&self) -> Own {
        ptr::without_provenance(self.own.load(Ordering::Acquire))
    }

    /// Returns a weak reference for a scheduler. A scheduler must not keep a configuration alive.
    pub(crate) fn weak(&self) -> Weak<Self> {
        self.itself.clone()
    }

    fn handle(&self) -> Handle {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn in_hook<R>(&self, hook: impl FnOnce() -> R) -> R {
        self.hooks.fetch_add(1, Ordering::AcqRel);
        let result = hook();
        self.hooks.fetch_sub(1, Ordering::AcqRel);
        result
    }

    /// Calls the hook that the library has asked for through a scheduler.
    pub(crate) fn scheduled(&self) {
        self.in_hook(|| {
            let (handle, own) = (self.handle(), self.own());
            self.library.http_filter_config_scheduled(handle, own, 0);
        });
    }

    /// Starts a call to an authorization server. Some calls, chosen at random, are refused or end
    /// before this function returns.
    pub(crate) fn call(&self, number: &mut u64) -> u32 {
        const OK: u32 = 0;
        const NO_CLUSTER: u32 = 2;
        const REFUSED: u32 = 4;
        let choice = locked(&self.random).below(20);
        if choice == 0 {
            return NO_CLUSTER;
        }
        if choice == 1 {
            return REFUSED;
        }
        *number = self.next_call.fetch_add(1, Ordering::Relaxed);
        locked(&self.calls).insert(*number);
        match choice {
            2 => self.respond(*number, Response::Keys),
            3 => self.respond(*number, Response::Unavailable),
            4 => {
                self.respond(*number, Response::Reset);
                return REFUSED;
            }
            _ => {}
        }
        OK
    }

    /// The oldest call that has no response yet.
    pub(crate) fn pending(&self) -> Option<u64> {
        locked(&self.calls).first().copied()
    }

    /// Ends a call with a response. Must run on the main thread.
    pub(crate) fn respond(&self, call: u64, response: Response) {
        const SUCCESS: u32 = 0;
        const RESET: u32 = 1;
        locked(&self.calls).remove(&call);
        let (result, status, body) = match response {
            Response::Keys => (SUCCESS, "200", requests::key_set()),
            Response::Nonsense => (SUCCESS, "200", "{\"keys\": [{\"kty\":".to_owned()),
            Response::Unavailable => (SUCCESS, "503", "no healthy upstream".to_owned()),
            Response::Reset => (RESET, "", String::new()),
        };
        // The library gets a copy of the response. The copy is freed after the hook returns. If the
        // library uses the copy later, a sanitizer notices.
        let status = status.as_bytes().to_vec();
        let headers = Vec::from([
            Header {
                name: Octets::lend(b":status"),
                value: Octets::lend(&status),
            },
            Header {
                name: Octets::lend(b"content-type"),
                value: Octets::lend(b"application/json"),
            },
        ]);
        let body = body.into_bytes();
        let (first, second) = body.split_at(body.len() / 2);
        let chunks = Vec::from([Octets::lend(first), Octets::lend(second)]);
        let (headers_at, chunks_at) = match result {
            SUCCESS => (headers.as_ptr(), chunks.as_ptr()),
            _ => (ptr::null(), ptr::null()),
        };
        self.in_hook(|| {
            self.library.http_filter_config_http_callout_done(
                self.handle(),
                self.own(),
                call,
                result,
                headers_at,
                headers.len(),
                chunks_at,
                chunks.len(),
            );
        });
    }
}

impl Drop for Configuration {
    fn drop(&mut self) {
        if !self.own().is_null() {
            self.library.http_filter_config_destroy(self.own());
        }
        live::CONFIGURATIONS.remove(self.handle().addr());
    }
}
