//! The gates of one worker thread, and the requests that wait on this thread. There is one gate for
//! each configuration. The gate decides on the configuration's requests.
//!
//! While this module calls Envoy, Envoy can call this module again. For example, sending an answer
//! can end other streams of the same connection. So the list of gates and the [lists](waiting) of
//! waiting requests are never borrowed during a call to Envoy. If a stream ends while its gate is
//! borrowed, the gate is notified when it handles its next request.

use core::{cell::RefCell, hint::cold_path, time::Duration};
use std::{rc::Rc, sync::Arc};

use portcullis::{
    decision::Reason,
    engine::Engine,
    gate::{Gate, Handled, Membership, Policies, Settled, SettledHead, StreamId, Verdict},
    http,
    policy::RouteLookup,
    time::UnixMillis,
};

use crate::{
    abi::{HeaderList, Headers, Pair, Stream},
    clock, defects,
    exchange::{AtStream, WorkerHost},
    filter::Filter,
    grpc,
    numbers::Number,
    registry, signatures,
    waiting::{self, Count, Parked},
};

/// The minimum time between two reads of what other workers have recorded. For example, they record
/// which configuration of a `policy_id` is the newest.
const SYNCHRONIZE_INTERVAL: Duration = Duration::from_millis(100);

/// The time from a waiting request's deadline until the request is forgotten, if Envoy does not
/// report the request's end.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// One configuration's gate on this thread.
struct Worker {
    filter: Arc<Filter>,
    gate: Gate,
    /// A number that is different for each gate that this thread has built.
    build: u64,
    /// The ID for the next request that has to wait.
    next: u32,
    synchronized_at: UnixMillis,
    /// The headers of the last request, kept so that the next request can reuse the memory.
    head: HeaderList,
    /// An empty list of headers, kept so that the next request can reuse the list's memory.
    lines: Vec<Pair<'static>>,
}

/// The gates of this thread, and the version of the registry for which they were built.
#[derive(Default)]
struct Workers {
    version: Option<u64>,
    all: Vec<(Number, Rc<RefCell<Worker>>)>,
    builds: u64,
}

thread_local! {
    static WORKERS: RefCell<Workers> = RefCell::default();
    /// The policies of the configurations on this thread.
    static POLICIES: RefCell<Policies> = const { RefCell::new(Policies::new()) };
}

/// Decides on a request that has just arrived.
pub(super) fn on_request(number: Number, stream: Stream<'_>) -> Verdict {
    let Some(worker) = find(number) else {
        return refuse(number, stream);
    };
    let Ok(mut worker) = worker.try_borrow_mut() else {
        return refuse(number, stream);
    };
    defects::trip("request");
    worker.on_request(stream)
}

/// Decides again on a waiting request, and resumes it if it may pass.
pub(super) fn on_wake(stream: Stream<'_>) {
    let Some(parked) = waiting::take(stream.address()) else {
        // The stream was woken twice and is no longer waiting.
        return;
    };
    defects::trip("woken");
    let worker = find(parked.number);
    let verdict = match worker.as_ref().map(|worker| worker.try_borrow_mut()) {
        Some(Ok(mut worker)) if worker.build == parked.build => worker.on_wake(stream, parked),
        // The gate on which this request waited is gone.
        _ => refuse(parked.number, stream),
    };
    if verdict == Verdict::Pass {
        stream.continue_decoding();
    }
}

/// Cleans a request's trailers: removes identities, tokens, and other headers that the upstream
/// must not get.
pub(super) fn on_trailers(number: Number, stream: Stream<'_>) -> Verdict {
    let Some(worker) = find(number) else {
        return refuse(number, stream);
    };
    let Ok(mut worker) = worker.try_borrow_mut() else {
        return refuse(number, stream);
    };
    defects::trip("trailers");
    let filter = Arc::clone(&worker.filter);
    let host = WorkerHost {
        filter: &filter,
        at: AtStream {
            stream,
            is_grpc: is_grpc(stream),
        },
    };
    // Envoy holds trailers back until a waiting request is resumed, so this request no longer
    // waits.
    worker.gate.on_trailers(None, &host)
}

/// Forgets a stream that has ended.
pub(super) fn on_stream_end(stream: Stream<'_>) {
    if let Some(parked) = waiting::take(stream.address()) {
        defects::trip("ended");
        waiting::forget(&parked);
    }
}

/// Drops a gate after a panic, because its state may be broken. The next request rebuilds the gate.
/// Requests that were waiting on the dropped gate are woken and refused.
pub(super) fn rebuild(number: Number) {
    let broken = WORKERS.with_borrow_mut(|workers| {
        workers.version = None;
        let place = workers.all.iter().position(|(own, _)| *own == number)?;
        Some(workers.all.swap_remove(place))
    });
    drop(broken);
    waiting::wake(number);
}

/// Refuses a request to the configuration with this number, because there is no gate for it.
fn refuse(number: Number, stream: Stream<'_>) -> Verdict {
    count_panic(number, stream);
    answer_panic(stream, is_grpc(stream))
}

/// Refuses a request after a panic. Does not read the request's headers, because reading them may
/// have caused the panic.
pub(super) fn refuse_unread(stream: Stream<'_>) -> Verdict {
    answer_panic(stream, true)
}

/// Counts a request that is refused because of a panic.
pub(super) fn count_panic(number: Number, stream: Stream<'_>) {
    if let Some(filter) = registry::find(number) {
        let host = WorkerHost {
            filter: &filter,
            at: AtStream {
                stream,
                is_grpc: false,
            },
        };
        filter.decisions.panicked(&host);
    }
}

/// Answers a request without a gate. The answer is that of [`Reason::Panic`], but has no body.
fn answer_panic(stream: Stream<'_>, is_grpc: bool) -> Verdict {
    const STATUS: u16 = Reason::Panic.status();
    let status = is_grpc.then(|| ("grpc-status", grpc::status(STATUS)));
    stream.send_response(STATUS, status.into_iter(), b"", "portcullis_denied{panic}");
    Verdict::Answer
}

/// Returns whether a request is a gRPC request. If its headers cannot be read, returns true.
fn is_grpc(stream: Stream<'_>) -> bool {
    let mut list = HeaderList::default();
    read_head(stream, &mut list, Vec::new()).is_none_or(|head| is_grpc_head(&head))
}

/// Copies the headers of a stream's request into `list`, and returns an [`http::Request`] that
/// borrows these copies. The list in this object reuses `memory`. Returns `None` if Envoy does not
/// return the headers.
fn read_head<'a>(
    stream: Stream<'_>,
    list: &'a mut HeaderList,
    memory: Vec<Pair<'a>>,
) -> Option<http::Request<'a>> {
    stream.read(Headers::Request, list).ok()?;
    Some(http::Request::new(list.pairs_in(memory)))
}

/// Empties a request's list of headers and returns the empty list, so that the list's memory can be
/// reused.
fn recycled(head: http::Request<'_>) -> Vec<Pair<'static>> {
    let mut lines = head.into_headers();
    lines.clear();
    // The vector is empty. This line only changes the lifetime in its type. The standard library
    // reuses the memory of the old vector for the new vector.
    lines.into_iter().map(|_| (&[][..], &[][..])).collect()
}

fn is_grpc_head(head: &http::Request<'_>) -> bool {
    let mut types = head.values("content-type");
    types.next().is_some_and(grpc::is_grpc)
}

fn find(number: Number) -> Option<Rc<RefCell<Worker>>> {
    let version = registry::version();
    let mut workers = WORKERS.try_with(|workers| {
        let mut workers = workers.try_borrow_mut().ok()?;
        if workers.version != Some(version) {
            workers.follow(version);
        }
        let mut all = workers.all.iter();
        all.find(|(own, _)| *own == number)
            .map(|(_, worker)| Rc::clone(worker))
    });
    workers.as_mut().ok().and_then(Option::take)
}

impl Workers {
    /// Builds gates for new configurations, and drops the gates of removed configurations.
    fn follow(&mut self, version: u64) {
        let filters = registry::all();
        self.all
            .retain(|(number, _)| filters.iter().any(|filter| filter.number == *number));
        waiting::retain_ended(|number| filters.iter().any(|filter| filter.number == number));
        for filter in filters {
            if !self.all.iter().any(|(number, _)| *number == filter.number) {
                self.builds = self.builds.saturating_add(1);
                let number = filter.number;
                let worker = Worker::new(filter, self.builds);
                self.all.push((number, Rc::new(RefCell::new(worker))));
            }
        }
        self.version = Some(version);
    }
}

impl Worker {
    fn new(filter: Arc<Filter>, build: u64) -> Self {
        let mut engine = Engine::new(Arc::clone(&filter.config));
        signatures::follow(&mut engine, filter.backend);
        engine.keys_mut().share(Box::new(filter.records.clone()));
        let _ = engine.keys_mut().synchronize();
        let membership = POLICIES.with_borrow_mut(|policies| {
            Membership::enter(Arc::clone(&filter.config), filter.digest, policies)
        });
        // Asking Envoy for a route's policy costs little here. So this module asks for every request,
        // even if the operator declares that no route has a policy.
        let lookup = RouteLookup::Always;
        Self {
            gate: Gate::new(engine, membership, lookup, filter.decisions.clone()),
            filter,
            build,
            next: 1,
            synchronized_at: UnixMillis::new(0),
            head: HeaderList::default(),
            lines: Vec::new(),
        }
    }

    fn on_request(&mut self, stream: Stream<'_>) -> Verdict {
        let time = clock::reading();
        let now = time.unwrap_or_default();
        let epoch = self.filter.epoch();
        let id = StreamId(self.next);
        let handled = self.with_head(stream, now, |gate, head, host| {
            gate.on_request(id, head, time, host)
        });
        let verdict = match handled.verdict {
            Verdict::Wait => self.park(stream, id, now, epoch),
            verdict => verdict,
        };
        if let Some(wanted) = handled.wanted {
            self.filter.want(wanted);
        }
        verdict
    }

    fn on_wake(&mut self, stream: Stream<'_>, parked: Parked) -> Verdict {
        let time = clock::reading();
        let now = time.unwrap_or_default();
        let Handled { verdict, wanted } = self.with_head(stream, now, |gate, head, host| {
            gate.resume(parked.id, head, time, host)
        });
        if let Some(wanted) = wanted {
            self.filter.want(wanted);
        }
        if verdict == Verdict::Wait {
            waiting::add(stream.address(), parked);
        }
        verdict
    }

    /// Makes the gate read the latest keys. Then reads the headers of a stream, and passes the
    /// headers to `decide`.
    fn with_head(
        &mut self,
        stream: Stream<'_>,
        now: UnixMillis,
        decide: impl FnOnce(&mut Gate, SettledHead<'_>, &WorkerHost<'_>) -> Handled,
    ) -> Handled {
        let filter = Arc::clone(&self.filter);
        let mut host = WorkerHost {
            filter: &filter,
            at: AtStream {
                stream,
                is_grpc: false,
            },
        };
        filter.metrics.flush(&stream);
        self.catch_up(now, &host);
        let mut list = core::mem::take(&mut self.head);
        let mut head = read_head(stream, &mut list, core::mem::take(&mut self.lines));
        let settled = match self.gate.settle(head.as_ref(), &host) {
            Settled::Head(settled) => settled,
            Settled::ReadAgain(rereading) => {
                cold_path();
                drop(head);
                head = read_head(stream, &mut list, Vec::new());
                rereading.with(head.as_ref())
            }
        };
        host.at.is_grpc = settled.request().is_none_or(is_grpc_head);
        let handled = decide(&mut self.gate, settled, &host);
        defects::trip("decided");
        self.lines = head.map_or_else(Vec::new, recycled);
        self.head = list;
        handled
    }

    /// Updates the gate with keys and policies from other threads, and notifies it of streams that
    /// have ended.
    fn catch_up(&mut self, now: UnixMillis, host: &WorkerHost<'_>) {
        self.gate.follow(self.filter.epoch());
        if !self.synchronized_at.is_within(SYNCHRONIZE_INTERVAL, now) {
            self.synchronized_at = now;
            self.gate.synchronize(host);
            waiting::forget_lost(self.filter.number, clock::instant());
        }
        if !self.gate.has_waiting() {
            return;
        }
        let ended = waiting::take_ended(self.filter.number);
        for ended in ended.iter().filter(|ended| ended.build == self.build) {
            self.gate.on_stream_end(ended.id);
        }
    }

    fn park(&mut self, stream: Stream<'_>, id: StreamId, now: UnixMillis, epoch: u64) -> Verdict {
        let Some(scheduler) = stream.scheduler() else {
            self.gate.on_stream_end(id);
            return refuse(self.filter.number, stream);
        };
        self.next = self.next.checked_add(1).unwrap_or(1);
        let timeout = self.filter.config.limits.park_timeout;
        let scheduler = Arc::new(scheduler);
        let ticket = self.filter.park(Arc::clone(&scheduler), now.plus(timeout));
        // If a fetch ended before the request was added to the list, that did not wake the request.
        // So it is woken now.
        if self.filter.epoch() != epoch {
            scheduler.commit();
        }
        let parked = Parked {
            number: self.filter.number,
            id,
            build: self.build,
            _ticket: ticket,
            forgotten_at: clock::instant().checked_add(timeout.saturating_add(FORGOTTEN)),
            scheduler,
            _count: Count::new(),
        };
        waiting::add(stream.address(), parked);
        clock::call_within(self.filter.number, timeout);
        Verdict::Wait
    }
}
