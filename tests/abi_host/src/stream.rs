//! Streams. Each stream is used only on the thread of its worker.

use core::{cell::Cell, cell::RefCell, ptr};
use std::{
    rc::Rc,
    sync::Arc,
    thread::{self, ThreadId},
};

use crate::{
    abi::{Handle, Header, Octets, Own},
    configuration::Configuration,
    live::{STREAMS, die},
    requests::{Line, Request, USER},
};

/// The state of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The library has not decided on the request yet.
    New,
    Waiting,
    Passed,
    Answered,
}

/// A stream. Its address is the handle that the host passes to the library.
pub(crate) struct Stream {
    pub(crate) number: u64,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) request: Request,
    pub(crate) headers: RefCell<Vec<Line>>,
    pub(crate) trailers: RefCell<Vec<Line>>,
    /// The bytes that are lent to the library until the headers change or the hook returns.
    lent: RefCell<Vec<Box<[u8]>>>,
    pub(crate) state: Cell<State>,
    /// True once the host has called the library's hook for the end of the stream.
    pub(crate) has_ended: Cell<bool>,
    /// True once a callback has failed. From then on, the request must not pass.
    pub(crate) has_failed: Cell<bool>,
    hooks: Cell<u32>,
    own: Cell<usize>,
    thread: ThreadId,
}

impl Stream {
    pub(crate) fn new(
        number: u64,
        configuration: Arc<Configuration>,
        request: Request,
    ) -> Rc<Self> {
        let headers = RefCell::new(request.headers.clone());
        let trailers = RefCell::new(request.trailers.clone().unwrap_or_default());
        let stream = Rc::new(Self {
            number,
            configuration,
            request,
            headers,
            trailers,
            lent: RefCell::default(),
            state: Cell::new(State::New),
            has_ended: Cell::new(false),
            has_failed: Cell::new(false),
            hooks: Cell::new(0),
            own: Cell::new(0),
            thread: thread::current().id(),
        });
        STREAMS.add(stream.handle().addr());
        let own = stream.configuration.own();
        let own = stream
            .configuration
            .library
            .http_filter_new(own, stream.handle());
        if own.is_null() {
            die("the library returned no stream");
        }
        stream.own.set(own.addr());
        stream
    }

    /// Returns the stream that belongs to a handle. Ends the process if the caller does not run on
    /// the stream's thread, if none of the stream's hooks is running, or if the stream has ended.
    pub(crate) fn of(handle: Handle) -> Rc<Self> {
        let stream = Self::perhaps_ended(handle);
        if stream.has_ended.get() {
            die("the library used a stream after its end");
        }
        stream
    }

    /// Like [`Self::of`], but also returns a stream that has ended. Envoy allows a few callbacks
    /// after the end of a stream, until the running hook returns.
    pub(crate) fn perhaps_ended(handle: Handle) -> Rc<Self> {
        STREAMS.expect(handle.addr());
        let stream = handle.cast_const().cast::<Self>();
        // SAFETY: the stream is alive, as the first line checks. The reference count is changed
        // only on the stream's own thread.
        let stream = unsafe {
            if (*stream).thread != thread::current().id() {
                die("the library used a stream on a thread other than its own");
            }
            Rc::increment_strong_count(stream);
            Rc::from_raw(stream)
        };
        if stream.hooks.get() == 0 {
            die("the library used a stream outside its hooks");
        }
        stream
    }

    pub(crate) fn own(&self) -> Own {
        ptr::without_provenance(self.own.get())
    }

    pub(crate) fn handle(&self) -> Handle {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// Runs one of the stream's hooks. All lent bytes are freed when the hook has returned.
    pub(crate) fn in_hook<R>(&self, hook: impl FnOnce(Handle, Own) -> R) -> R {
        self.hooks.set(self.hooks.get() + 1);
        let result = hook(self.handle(), self.own());
        self.hooks.set(self.hooks.get() - 1);
        if self.hooks.get() == 0 {
            self.take_back();
        }
        result
    }

    /// Lends bytes to the library.
    pub(crate) fn lend(&self, octets: &[u8]) -> Octets {
        let copy: Box<[u8]> = octets.into();
        let lent = Octets::lend(&copy);
        self.lent.borrow_mut().push(copy);
        lent
    }

    /// Frees all lent bytes, as Envoy may do whenever the headers change.
    pub(crate) fn take_back(&self) {
        self.lent.borrow_mut().clear();
    }

    /// Lends all headers or all trailers to the library.
    pub(crate) fn lend_lines(&self, lines: &RefCell<Vec<Line>>, out: *mut Header) {
        self.take_back();
        for (place, (name, value)) in lines.borrow().iter().enumerate() {
            let header = Header {
                name: self.lend(name),
                value: self.lend(value),
            };
            // SAFETY: the library has asked for the number of headers and has room for all of them.
            unsafe { out.add(place).write(header) };
        }
    }

    /// Ends the process if the request must not pass, or if the identity in its headers is not the
    /// one that must reach the upstream.
    pub(crate) fn expect_may_pass(&self) {
        if self.has_failed.get() || !self.request.may_pass(self.configuration.library) {
            die(&format!(
                "a request passed that must be refused: {:?}",
                self.request.credential
            ));
        }
        let headers = self.headers.borrow();
        let users = headers.iter().filter(|(name, _)| name == USER);
        let users: Vec<_> = users.map(|(_, value)| value.as_slice()).collect();
        if users.as_slice() != self.request.identity().as_slice() {
            die("a request passed with a wrong identity");
        }
    }

    /// Ends the process if a forged identity is left in the trailers.
    pub(crate) fn expect_clean_trailers(&self) {
        if self.trailers.borrow().iter().any(|(name, _)| name == USER) {
            die("trailers passed with a forged identity");
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        STREAMS.remove(self.handle().addr());
    }
}
