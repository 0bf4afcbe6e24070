//! The state of one configuration on one worker thread: the gate, which decides on requests; the
//! keeper, which fetches keys; and the state that the ABI requires.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use proxy_wasm::types::MapType;

use crate::{
    abi,
    body_hold::{BodyHold, BodyHolds},
    call::{self, Calls},
    live_names, pairs, policies,
    proxy::Proxy,
    records,
};
use portcullis::{
    engine::Engine,
    gate::{
        DecisionMetrics, Gate, Handled, Keeper, KeyMetrics, News, Settled, SettledHead, StreamId,
        Verdict,
    },
    http::Request,
    shared_memory,
    time::UnixMillis,
};

/// A worker that is shared by its root context and its streams. `None` until there is a
/// configuration.
pub(super) type SharedWorker = Rc<RefCell<Option<Worker>>>;

/// The tick period while requests wait or calls are in progress, and before the first tick.
const BUSY_TICK_MILLISECONDS: u32 = 20;
/// The tick period at all other times. After another worker has fetched a key set from which a key
/// was withdrawn, this worker may still accept that key for this long.
const IDLE_TICK_MILLISECONDS: u32 = 100;

thread_local! {
    /// How many workers this VM has dropped. When it changes, the remaining workers set their gauges
    /// again. If several configurations remain, the values of one that is still being drained may be
    /// the last.
    static REMOVED: Cell<u32> = const { Cell::new(0) };
}

/// The gate and the keeper of one worker thread.
#[derive(Debug)]
pub(super) struct Worker {
    root_id: u32,
    gate: Gate,
    keeper: Keeper,
    /// The names of the entries in shared data that contain the configuration's key records.
    record_names: Vec<String>,
    calls: Calls,
    holds: BodyHolds,
    /// The tick period that was last requested.
    tick: Option<u32>,
    /// The value of [`REMOVED`] at the last tick.
    removed: u32,
    /// True once the host has called [`on_tick`](Self::on_tick). If Envoy's configuration
    /// withholds the capability for ticks, this never happens.
    has_ticked: bool,
    /// True once this VM has counted itself as a user of its [names](live_names). The host also
    /// tries each configuration in a separate VM, which gets neither ticks nor requests and must
    /// not be counted.
    is_announced: bool,
}

impl Worker {
    /// Creates a worker, which starts with the keys that other workers have fetched. `text` is the
    /// text of the configuration.
    pub(super) fn new(root_id: u32, mut engine: Engine, text: &[u8]) -> Self {
        let metrics = DecisionMetrics::define(engine.config(), &Proxy);
        let key_metrics = KeyMetrics::define(engine.config(), &Proxy);
        let keeper = Keeper::new(engine.shared_config(), key_metrics, &Proxy);
        let records = records::of(&engine);
        let record_names: Vec<_> = records.names().map(str::to_owned).collect();
        engine.keys_mut().share(Box::new(records));
        let _ = engine.keys_mut().synchronize();
        let membership = policies::enter(&engine, text);
        let key = engine.config().shared_memory_key.as_ref();
        live_names::enter(record_names.iter().map(String::as_str), key);
        live_names::enter(keeper.gauges(), None);
        let lookup = engine.config().route_lookup;
        let mut worker = Self {
            root_id,
            gate: Gate::new(engine, membership, lookup, metrics),
            keeper,
            record_names,
            calls: Calls::default(),
            holds: BodyHolds::default(),
            tick: None,
            removed: REMOVED.get(),
            has_ticked: false,
            is_announced: false,
        };
        worker.set_tick(BUSY_TICK_MILLISECONDS);
        worker
    }

    /// Decides on a request that has just arrived. The current context must be the context of this
    /// request.
    pub(super) fn on_request(&mut self, context_id: u32) -> Verdict {
        self.announce();
        let map = request_headers();
        let request = request(&map);
        let head = settled(&self.gate, request.as_ref());
        let stream = StreamId(context_id);
        let handled = self.gate.on_request(stream, head, Proxy::now(), &Proxy);
        let verdict = self.pass_on_wanted(handled);
        if verdict == Verdict::Wait {
            self.set_tick(BUSY_TICK_MILLISECONDS);
        }
        self.count_without_ticks();
        verdict
    }

    /// Holds back the body of a request that waits.
    pub(super) fn hold_body(&mut self, context_id: u32) -> BodyHold {
        self.holds.add(StreamId(context_id))
    }

    /// Removes identities and tokens from a request's trailers. The current context must be the
    /// context of this request.
    pub(super) fn on_trailers(&mut self, context_id: u32) -> Verdict {
        let stream = StreamId(context_id);
        let verdict = self.gate.on_trailers(Some(stream), &Proxy);
        if verdict == Verdict::Answer {
            self.holds.forget(stream);
        }
        self.count_without_ticks();
        verdict
    }

    /// Forgets a request whose stream has ended.
    pub(super) fn on_stream_end(&mut self, context_id: u32) {
        let stream = StreamId(context_id);
        self.gate.on_stream_end(stream);
        self.holds.forget(stream);
    }

    /// Writes the request counts, starts the fetches that are due, and resumes waiting requests.
    /// The current context must be the root context.
    pub(super) fn on_tick(&mut self) {
        self.has_ticked = true;
        self.gate.write_counts(&Proxy);
        let Ok(now) = Proxy::now() else { return };
        self.announce();
        if self.removed != REMOVED.get() {
            self.removed = REMOVED.get();
            self.keeper.set_gauges_again();
        }
        self.gate.synchronize(&Proxy);
        let keys = self.gate.keys_mut();
        let news = self.keeper.due(keys, now, &Proxy, &mut self.calls);
        self.gate.on_news(news);
        self.wake(now);
        let is_busy = self.gate.has_waiting() || !self.calls.is_empty();
        self.set_tick(if is_busy {
            BUSY_TICK_MILLISECONDS
        } else {
            IDLE_TICK_MILLISECONDS
        });
    }

    /// Processes the response to a call. The current context must be the root context.
    pub(super) fn on_call_response(&mut self, token: u32, headers: usize, body_size: usize) {
        let Some(fetch) = self.calls.take(token) else {
            return;
        };
        let Ok(now) = Proxy::now() else { return };
        let (keeper, keys, calls) = (&self.keeper, self.gate.keys_mut(), &mut self.calls);
        let news = call::receive(headers, body_size, |received| {
            keeper.on_fetched(keys, &fetch, received, now, &Proxy, calls)
        });
        self.gate.on_news(news);
        if news == News::Ended {
            self.wake(now);
        }
    }

    /// Resumes waiting requests.
    fn wake(&mut self, now: UnixMillis) {
        for stream in self.gate.ready(now) {
            // If the stream no longer exists, this call fails and the previous context stays
            // current. The following calls would then let another client's request through.
            if abi::set_effective_context(stream.0).is_err() {
                self.on_stream_end(stream.0);
                continue;
            }
            let map = request_headers();
            let request = request(&map);
            let head = settled(&self.gate, request.as_ref());
            let handled = self.gate.resume(stream, head, Ok(now), &Proxy);
            match self.pass_on_wanted(handled) {
                Verdict::Pass => {
                    self.holds.release(stream);
                    // If a stream cannot be resumed, it stays paused, so it fails closed.
                    let _ = abi::continue_request();
                }
                Verdict::Answer => self.holds.forget(stream),
                Verdict::Wait => {}
            }
        }
        let _ = abi::set_effective_context(self.root_id);
    }

    /// Passes the keys that a request lacked to the key store, which fetches them.
    fn pass_on_wanted(&mut self, handled: Handled) -> Verdict {
        if let Some(wanted) = handled.wanted {
            self.gate.keys_mut().want(wanted);
        }
        handled.verdict
    }

    /// Counts this VM as a user of its names, unless it was already counted.
    fn announce(&mut self) {
        if !self.is_announced {
            self.is_announced = live_names::announce(&Proxy);
        }
    }

    /// Writes the request counts now, unless a tick will write them.
    fn count_without_ticks(&mut self) {
        if !self.has_ticked {
            self.gate.write_counts(&Proxy);
        }
    }

    /// Requests ticks with this period.
    fn set_tick(&mut self, milliseconds: u32) {
        if self.tick != Some(milliseconds) {
            // If the host refuses ticks, keys cannot be refreshed. The next request that has to
            // wait asks for ticks again.
            self.tick = abi::set_tick_period_milliseconds(milliseconds)
                .ok()
                .map(|()| milliseconds);
        }
    }
}

impl Drop for Worker {
    /// Cleans up after a configuration. Writes the last counts. Abandons the configuration's
    /// fetches, so that other workers need not wait for them. Clears key records and gauges that no
    /// VM uses any longer.
    fn drop(&mut self) {
        REMOVED.set(REMOVED.get().wrapping_add(1));
        self.gate.write_counts(&Proxy);
        for fetch in self.calls.take_all() {
            self.gate.keys_mut().abandon(&fetch);
        }
        let names = self.record_names.iter().map(String::as_str);
        let unused = live_names::leave(names.chain(self.keeper.gauges()), &Proxy);
        self.keeper.clear(&unused, &Proxy);
        let records = self.record_names.iter();
        records
            .filter(|name| unused.contains(&name.as_str()))
            .for_each(|name| shared_memory::clear(name, &Proxy));
    }
}

/// The serialized headers of the current context's request, which [`request`] parses. The result is
/// empty if the host does not return the headers.
fn request_headers() -> Vec<u8> {
    abi::header_map(MapType::HttpRequestHeaders).unwrap_or_default()
}

/// Settles a request. This host does not report the next route, so the gate never asks for the
/// headers again. If it did, the request would be refused.
fn settled<'r>(gate: &Gate, request: Option<&'r Request<'r>>) -> SettledHead<'r> {
    match gate.settle(request, &Proxy) {
        Settled::Head(head) => head,
        Settled::ReadAgain(rereading) => rereading.with(None),
    }
}

fn request(map: &[u8]) -> Option<Request<'_>> {
    pairs::decode(map).map(Request::new)
}
