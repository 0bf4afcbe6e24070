//! Workers. Each worker has one thread, which handles all events of the worker's streams.

use core::{
    cell::RefCell,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::{
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use support::random::Random;

use crate::{
    configuration::Configuration,
    live::die,
    requests::Request,
    stream::{State, Stream},
};

/// Two values of Envoy's `FilterHeadersStatus`.
const CONTINUE: u32 = 0;
const STOP_ALL: u32 = 4;

/// An event for a worker.
pub(crate) enum Event {
    Begin(Arc<Configuration>, Box<Request>),
    /// A client leaves, so its stream ends. The number selects one of the worker's streams.
    Leave(usize),
    /// The library has asked for a hook call, through the scheduler of the stream with this number.
    Scheduled(u64),
    /// The drain time of a configuration is over, so all its streams end.
    Drained(Arc<Configuration>),
    /// All streams end, and then the thread ends.
    Stop,
}

/// A running worker.
pub(crate) struct Worker {
    pub(crate) events: Sender<Event>,
    /// The number of requests that wait on this worker.
    pub(crate) waiting: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

/// The data of the worker that runs on this thread.
struct Own {
    streams: BTreeMap<u64, Rc<Stream>>,
    next: u64,
    random: Random,
    events: Sender<Event>,
}

thread_local! {
    static OWN: RefCell<Option<Own>> = const { RefCell::new(None) };
}

/// Calls `act` with the data of this thread's worker. `act` must not call a hook of the library.
fn with<R>(act: impl FnOnce(&mut Own) -> R) -> R {
    OWN.with_borrow_mut(|own| {
        act(own
            .as_mut()
            .unwrap_or_else(|| die("this thread is not a worker")))
    })
}

/// Returns true at random, on average once in `times` calls.
pub(crate) fn once_in(times: usize) -> bool {
    with(|own| own.random.once_in(times))
}

/// The channel that sends events to this worker.
pub(crate) fn events() -> Sender<Event> {
    with(|own| own.events.clone())
}

impl Worker {
    pub(crate) fn start(seed: u64) -> Self {
        let (events, received) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let (own, count) = (events.clone(), Arc::clone(&waiting));
        let thread = thread::spawn(move || {
            let own = Own {
                streams: BTreeMap::new(),
                next: 1,
                random: Random::new(seed),
                events: own,
            };
            OWN.set(Some(own));
            run(&received, &count);
            OWN.set(None);
        });
        Self {
            events,
            waiting,
            thread,
        }
    }

    pub(crate) fn send(&self, event: Event) {
        let _ = self.events.send(event);
    }

    pub(crate) fn stop(self) {
        self.send(Event::Stop);
        self.thread
            .join()
            .unwrap_or_else(|_| die("a worker panicked"));
    }
}

fn run(received: &Receiver<Event>, waiting: &AtomicUsize) {
    while let Ok(event) = received.recv() {
        match event {
            Event::Begin(configuration, request) => begin(configuration, *request),
            Event::Leave(choice) => {
                let chosen = with(|own| {
                    let place = choice % own.streams.len().max(1);
                    own.streams.values().nth(place).cloned()
                });
                chosen.iter().for_each(end);
            }
            Event::Scheduled(number) => {
                // If the stream has ended, there is no hook to call.
                if let Some(stream) = with(|own| own.streams.get(&number).cloned()) {
                    let library = stream.configuration.library;
                    stream.in_hook(|handle, own| library.http_filter_scheduled(handle, own, 0));
                }
            }
            Event::Drained(configuration) => {
                end_all(|stream| Arc::ptr_eq(&stream.configuration, &configuration));
            }
            Event::Stop => {
                end_all(|_| true);
                return;
            }
        }
        waiting.store(count_waiting(), Ordering::Release);
    }
}

fn count_waiting() -> usize {
    let is_waiting = |stream: &&Rc<Stream>| stream.state.get() == State::Waiting;
    with(|own| own.streams.values().filter(is_waiting).count())
}

fn end_all(is_chosen: impl Fn(&Stream) -> bool) {
    let all: Vec<_> = with(|own| own.streams.values().cloned().collect());
    let chosen = all.iter().filter(|stream| is_chosen(stream));
    chosen.for_each(end);
}

fn begin(configuration: Arc<Configuration>, request: Request) {
    let number = with(|own| {
        own.next += 1;
        own.next
    });
    let stream = Stream::new(number, configuration, request);
    with(|own| own.streams.insert(number, Rc::clone(&stream)));
    // A client may leave before the headers reach the library.
    if once_in(50) {
        end(&stream);
        return;
    }
    let library = stream.configuration.library;
    let is_end = stream.request.trailers.is_none();
    let status =
        stream.in_hook(|handle, own| library.http_filter_request_headers(handle, own, is_end));
    if stream.has_ended.get() {
        return;
    }
    match (status, stream.state.get()) {
        (CONTINUE, State::New) => pass(&stream),
        (STOP_ALL, State::New) => stream.state.set(State::Waiting),
        (STOP_ALL, State::Answered) => {}
        outcome => die(&format!("the library returned {outcome:?}")),
    }
    if stream.state.get() == State::Answered && once_in(2) {
        end(&stream);
    }
}

/// Lets a request pass, and runs the hooks for its body, its trailers and its response.
pub(crate) fn pass(stream: &Rc<Stream>) {
    stream.expect_may_pass();
    stream.state.set(State::Passed);
    let library = stream.configuration.library;
    stream.in_hook(|handle, own| library.http_filter_request_body(handle, own, false));
    if stream.request.trailers.is_some() {
        let status =
            stream.in_hook(|handle, own| library.http_filter_request_trailers(handle, own));
        if stream.has_ended.get() {
            return;
        }
        match (status, stream.state.get()) {
            (CONTINUE, State::Passed) => stream.expect_clean_trailers(),
            (CONTINUE, _) => die("trailers passed after an answer"),
            _ => return,
        }
    }
    stream.in_hook(|handle, own| library.http_filter_response_headers(handle, own, false));
    stream.in_hook(|handle, own| library.http_filter_response_body(handle, own, false));
    stream.in_hook(|handle, own| library.http_filter_response_trailers(handle, own));
    if once_in(2) {
        end(stream);
    }
}

/// Ends a stream, unless it has already ended.
pub(crate) fn end(stream: &Rc<Stream>) {
    if stream.has_ended.get() {
        return;
    }
    let library = stream.configuration.library;
    stream.in_hook(|handle, own| library.http_filter_stream_complete(handle, own));
    if stream.has_ended.replace(true) {
        return;
    }
    library.http_filter_destroy(stream.own());
    with(|own| own.streams.remove(&stream.number));
}

/// Ends some streams at random. Callbacks call this function while the library answers or resumes
/// `stream`, because in Envoy a connection can close at that moment.
pub(crate) fn end_some(stream: &Rc<Stream>) {
    if once_in(6) {
        let other = with(|own| {
            let place = own.random.below(own.streams.len().max(1));
            own.streams.values().nth(place).cloned()
        });
        other.iter().for_each(end);
    }
    if once_in(3) {
        end(stream);
    }
}
