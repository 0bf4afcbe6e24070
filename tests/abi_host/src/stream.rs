//! Streams. A stream stays on its worker's thread.

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

/// What has happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The library has not decided yet.
    New,
    Waiting,
    Passed,
    Answered,
}

/// A stream. Its address is the handle that the library gets.
pub(crate) struct Stream {
    pub(crate) number: u64,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) request: Request,
    pub(crate) headers: RefCell<Vec<Line>>,
    pub(crate) trailers: RefCell<Vec<Line>>,
    /// What is lent to the library until the next change or the end of the hook.
    lent: RefCell<Vec<Box<[u8]>>>,
    pub(crate) state: Cell<State>,
    /// Whether the library was told that the stream has ended.
    pub(crate) has_ended: Cell<bool>,
    /// Whether a callback failed, so that the request must not pass.
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

    /// The stream of a handle, during one of its hooks on its thread.
    pub(crate) fn of(handle: Handle) -> Rc<Self> {
        let stream = Self::perhaps_ended(handle);
        if stream.has_ended.get() {
            die("a stream is used after its end");
        }
        stream
    }

    /// The same, for the few callbacks that Envoy allows until the hook returns.
    pub(crate) fn perhaps_ended(handle: Handle) -> Rc<Self> {
        STREAMS.expect(handle.addr());
        let stream = handle.cast_const().cast::<Self>();
        // SAFETY: the stream is alive, as the line above checks. The count of its owners is only
        // changed if this is the thread of the stream.
        let stream = unsafe {
            if (*stream).thread != thread::current().id() {
                die("a stream is used on another thread than its own");
            }
            Rc::increment_strong_count(stream);
            Rc::from_raw(stream)
        };
        if stream.hooks.get() == 0 {
            die("a stream is used outside its hooks");
        }
        stream
    }

    pub(crate) fn own(&self) -> Own {
        ptr::without_provenance(self.own.get())
    }

    pub(crate) fn handle(&self) -> Handle {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// Runs one of its hooks. Afterwards, nothing is lent any more.
    pub(crate) fn in_hook<R>(&self, hook: impl FnOnce(Handle, Own) -> R) -> R {
        self.hooks.set(self.hooks.get() + 1);
        let result = hook(self.handle(), self.own());
        self.hooks.set(self.hooks.get() - 1);
        if self.hooks.get() == 0 {
            self.take_back();
        }
        result
    }

    /// Lends octets to the library.
    pub(crate) fn lend(&self, octets: &[u8]) -> Octets {
        let copy: Box<[u8]> = octets.into();
        let lent = Octets::lend(&copy);
        self.lent.borrow_mut().push(copy);
        lent
    }

    /// Frees what is lent, as Envoy does when something changes.
    pub(crate) fn take_back(&self) {
        self.lent.borrow_mut().clear();
    }

    /// Lends all lines of the headers or trailers.
    pub(crate) fn lend_lines(&self, lines: &RefCell<Vec<Line>>, out: *mut Header) {
        self.take_back();
        for (place, (name, value)) in lines.borrow().iter().enumerate() {
            let header = Header {
                name: self.lend(name),
                value: self.lend(value),
            };
            // SAFETY: the library has room for as many headers as it was told.
            unsafe { out.add(place).write(header) };
        }
    }

    /// Fails if the request must not pass, or has not the identity of its token.
    pub(crate) fn expect_may_pass(&self) {
        if self.has_failed.get() || !self.request.may_pass(self.configuration.library) {
            die(&format!("a request passes: {:?}", self.request.credential));
        }
        let headers = self.headers.borrow();
        let users = headers.iter().filter(|(name, _)| name == USER);
        let users: Vec<_> = users.map(|(_, value)| value.as_slice()).collect();
        if users.as_slice() != self.request.identity().as_slice() {
            die("a request passes with the identity of another");
        }
    }

    /// Fails if a forged identity is left in the trailers.
    pub(crate) fn expect_clean_trailers(&self) {
        if self.trailers.borrow().iter().any(|(name, _)| name == USER) {
            die("trailers pass with a forged identity");
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        STREAMS.remove(self.handle().addr());
    }
}
