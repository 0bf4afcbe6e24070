//! The life cycle of contexts: which callbacks run, in which order, and what happens afterwards.

use std::time::Duration;

use super::{
    FakeHost, StreamId, abi,
    state::Root,
    stream::{Act, Stream, route_metadata},
};
use crate::{
    driver::{Exchange, Request},
    http::Headers,
    upstream,
};

/// The simulated time that passes in each step of a wait.
const STEP: Duration = Duration::from_millis(5);
/// The value of `Action::Continue`.
const CONTINUE: u32 = 0;

impl FakeHost {
    /// Sends a request to the worker with this index. The first worker has the index 1.
    pub fn begin_on(&self, vm: usize, request: &Request) -> StreamId {
        let connection = self.process().new_connection();
        let root = self.process().vms[vm].current_root;
        self.begin_over(vm, connection, root, request)
    }

    /// Sends a request over a connection that belongs to a root context.
    pub(super) fn begin_over(
        &self,
        vm: usize,
        connection: u64,
        root: u32,
        request: &Request,
    ) -> StreamId {
        let context = {
            let process = &mut *self.process();
            let mut stream = Stream::arriving(request, root);
            stream.properties = process.properties_of(&stream);
            let number = connection.to_le_bytes().to_vec();
            stream.properties.insert("connection.id".to_owned(), number);
            let context = process.vms[vm].new_context();
            process.vms[vm].streams.insert(context, stream);
            process.vms[vm].requests_taken += 1;
            context
        };
        let count = self.process().vms[vm].streams[&context].request.0.len();
        let end = request.body.is_empty() && request.trailers.0.is_empty();
        let create = move || abi::proxy_on_context_create(context, root);
        self.vms[vm].enter(context, "proxy_on_context_create", (), create);
        let headers = move || abi::proxy_on_request_headers(context, count, end);
        if self.vms[vm].enter(context, "proxy_on_request_headers", CONTINUE, headers) == CONTINUE {
            if self.send_trailers(vm, context) {
                self.process().vms[vm].decide(context, Act::Continue);
            }
        } else {
            self.send_body_while_paused(vm, context);
        }
        self.settle(vm);
        StreamId { vm, context }
    }

    /// Passes the body to the module while the headers are held back. If the module lets the body
    /// continue, the headers continue with it, as with Envoy's `allow_on_headers_stop_iteration`.
    fn send_body_while_paused(&self, vm: usize, context: u32) {
        let (body, trailers, is_answered) = {
            let stream = &self.process().vms[vm].streams[&context];
            (
                stream.body.len(),
                stream.trailers.0.len(),
                stream.act.is_some(),
            )
        };
        if is_answered {
            return;
        }
        let callback = move || abi::proxy_on_request_body(context, body, trailers == 0);
        let passes = |action| action == CONTINUE;
        if body > 0
            && passes(self.vms[vm].enter(context, "proxy_on_request_body", CONTINUE, callback))
            || trailers > 0 && self.send_trailers(vm, context)
        {
            self.process().vms[vm].decide(context, Act::Continue);
        }
    }

    /// Passes the trailers to the module, if there are any. Returns whether the request may
    /// continue.
    fn send_trailers(&self, vm: usize, context: u32) -> bool {
        let count = self.process().vms[vm].streams[&context].trailers.0.len();
        if count == 0 {
            return true;
        }
        let forced = {
            let process = &mut *self.process();
            let forced = process.forced_on_trailers.clone();
            std::mem::replace(&mut process.forced, forced)
        };
        let callback = move || abi::proxy_on_request_trailers(context, count);
        let action = self.vms[vm].enter(context, "proxy_on_request_trailers", CONTINUE, callback);
        self.process().forced = forced;
        action == CONTINUE
    }

    /// Applies the process's configuration to a VM. Returns false if the module rejects the
    /// configuration. If a root context with the same configuration still serves connections, that
    /// context also takes the new connections. As in Envoy, the module then gets no callback.
    pub(super) fn configure_vm(&self, vm: usize) -> bool {
        let same = {
            let process = self.process();
            let mut roots = process.vms[vm].roots.iter();
            let same = roots.find(|(_, root)| root.configuration == process.configuration);
            same.map(|(id, _)| *id)
        };
        match same.or_else(|| self.create_root(vm)) {
            Some(root) => {
                self.process().vms[vm].current_root = root;
                true
            }
            None => false,
        }
    }

    /// Creates a root context with the process's configuration. Returns `None` if the module
    /// rejects the configuration.
    pub(super) fn create_root(&self, vm: usize) -> Option<u32> {
        let (root, size) = {
            let mut process = self.process();
            let started = Root {
                last_tick: process.now,
                configuration: process.configuration.clone(),
                ..Root::default()
            };
            let root = process.vms[vm].new_context();
            process.vms[vm].roots.insert(root, started);
            (root, process.configuration.len())
        };
        let guest = &self.vms[vm];
        let create = move || abi::proxy_on_context_create(root, 0);
        guest.enter(root, "proxy_on_context_create", (), create);
        let start = move || abi::proxy_on_vm_start(root, 0);
        let configure = move || abi::proxy_on_configure(root, size);
        let accepted = guest.enter(root, "proxy_on_vm_start", true, start)
            && guest.enter(root, "proxy_on_configure", true, configure);
        if !accepted {
            self.process().vms[vm].roots.remove(&root);
        }
        accepted.then_some(root)
    }

    /// Advances the time by one step, runs the ticks that are due, and delivers the outcomes of
    /// HTTP calls that have ended.
    pub(super) fn step(&self) {
        self.process().now += STEP;
        for vm in 0..self.vms.len() {
            self.retire_roots(vm);
            let due = self.process().due_roots(vm);
            due.into_iter().for_each(|root| self.tick_root(vm, root));
            let arrived = self.process().arrived_calls(vm);
            arrived
                .into_iter()
                .for_each(|token| self.deliver(vm, token));
        }
    }

    pub(super) fn tick_root(&self, vm: usize, root: u32) {
        {
            let process = &mut *self.process();
            // The root may be gone: an earlier tick may have ended the last stream of a replaced
            // configuration.
            let Some(root) = process.vms[vm].roots.get_mut(&root) else {
                return;
            };
            root.last_tick = process.now;
        }
        self.vms[vm].enter(root, "proxy_on_tick", (), move || abi::proxy_on_tick(root));
        self.settle(vm);
    }

    /// Ends a stream whose request was answered, or whose client has left. As in Envoy,
    /// `proxy_on_log` runs before the context is destroyed.
    pub(super) fn end(&self, StreamId { vm, context }: StreamId) {
        let log = move || abi::proxy_on_log(context);
        self.vms[vm].enter(context, "proxy_on_log", (), log);
        self.delete(vm, context);
        self.process().vms[vm].remove_stream(context);
        self.retire_roots(vm);
    }

    /// Deletes replaced root contexts that no stream uses any more.
    pub(super) fn retire_roots(&self, vm: usize) {
        let unused = self.process().unused_roots(vm);
        for root in unused {
            self.delete(vm, root);
            self.process().vms[vm].remove_root(root);
        }
    }

    /// Deletes every context of a VM.
    pub(super) fn shut_down(&self, vm: usize) {
        let contexts: Vec<u32> = {
            let state = &self.process().vms[vm];
            let streams = state.streams.keys().chain(&state.forgotten);
            streams.chain(state.roots.keys()).copied().collect()
        };
        contexts
            .into_iter()
            .for_each(|context| self.delete(vm, context));
    }

    fn delete(&self, vm: usize, context: u32) {
        let done = move || abi::proxy_on_done(context);
        self.vms[vm].enter(context, "proxy_on_done", true, done);
        let delete = move || abi::proxy_on_delete(context);
        self.vms[vm].enter(context, "proxy_on_delete", (), delete);
    }

    fn deliver(&self, vm: usize, token: u32) {
        let (context, headers, body) = {
            let process = &mut *self.process();
            let state = &mut process.vms[vm];
            // An earlier callback may have ended the stream that made the call.
            let Some(call) = state.calls.remove(&token) else {
                return;
            };
            let delivery = call.outcome(process.now).unwrap_or_default();
            let sizes = (call.context, delivery.headers.0.len(), delivery.body.len());
            state.delivered = Some(delivery);
            sizes
        };
        let respond = move || abi::proxy_on_http_call_response(context, token, headers, body, 0);
        self.vms[vm].enter(context, "proxy_on_http_call_response", (), respond);
        self.process().vms[vm].delivered = None;
        self.settle(vm);
    }

    /// Applies the verdicts that the module gave during the last callback.
    pub(super) fn settle(&self, vm: usize) {
        loop {
            let decided = self.process().vms[vm].decided();
            let Some((context, act)) = decided else {
                return;
            };
            let stream = StreamId { vm, context };
            let exchange = match act {
                Act::Continue => self.forward(stream),
                Act::Respond(response) => {
                    let process = self.process();
                    response.exchange(&process.vms[vm].streams[&context].request)
                }
            };
            let exchange = self.respond(stream, exchange);
            self.end(stream);
            self.answered.borrow_mut().insert(stream, exchange);
        }
    }

    fn forward(&self, StreamId { vm, context }: StreamId) -> Exchange {
        let body = self.process().vms[vm].streams[&context].body.len();
        if body > 0 {
            let callback = move || abi::proxy_on_request_body(context, body, true);
            self.vms[vm].enter(context, "proxy_on_request_body", CONTINUE, callback);
        }
        let (seen, route) = {
            let process = self.process();
            let stream = &process.vms[vm].streams[&context];
            let route = route_metadata(&process.virtual_hosts, &stream.request);
            (stream.seen(), route)
        };
        let mut headers = Headers::default();
        headers.add("content-length", upstream::BODY.len().to_string());
        let body = if seen.method == "HEAD" {
            Vec::new()
        } else {
            upstream::BODY.to_vec()
        };
        let details = "via_upstream".to_owned();
        Exchange {
            status: 200,
            headers,
            body,
            upstream: Some(seen),
            details,
            route,
            ..Exchange::default()
        }
    }

    /// Passes a response through the module's response callbacks, as Envoy does even for the
    /// module's own answers.
    fn respond(&self, StreamId { vm, context }: StreamId, mut exchange: Exchange) -> Exchange {
        let mut headers = Headers::default();
        headers.add(":status", exchange.status.to_string());
        headers.0.append(&mut exchange.headers.0);
        let count = headers.0.len();
        self.process().vms[vm]
            .streams
            .get_mut(&context)
            .unwrap()
            .response = headers;
        let callback = move || abi::proxy_on_response_headers(context, count, false);
        self.vms[vm].enter(context, "proxy_on_response_headers", CONTINUE, callback);
        let stream = &self.process().vms[vm].streams[&context];
        exchange.headers = stream.response.clone();
        exchange.headers.remove(":status");
        let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
        let wanted = self.filter_state.iter().filter_map(|name| {
            stream
                .filter_state
                .get(name)
                .map(|value| (name.clone(), text(value)))
        });
        exchange.filter_state = wanted.collect();
        exchange
    }
}
