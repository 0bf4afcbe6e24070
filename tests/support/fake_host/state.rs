//! The state of the host: one process with its clock, shared data, metrics and VMs.
//!
//! The state is plain data behind one mutex. The mutex is never locked while the module's own code
//! runs. The fake host reproduces Envoy's pitfalls: if the module selects a context that does not
//! exist, the previous selection stays in force; after the module has let a stream continue, it
//! cannot reach the stream's headers; and a verdict on a request takes effect only after the
//! callback has ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proxy_wasm::types::Status;
use serde_json::Value;

use super::{
    foreign::ForeignFunction,
    http_call::{Delivery, HttpCall},
    metrics::Metrics,
    protobuf_struct,
    shared_data::SharedData,
    stream::{Act, Stream, route_metadata},
};
use crate::{
    authorization_server::AuthorizationServer,
    driver::VirtualHost,
    http::{Headers, Message},
};

/// One proxy process.
#[derive(Default)]
pub struct Process {
    /// The current time, since 1970.
    pub now: Duration,
    /// The data that all VMs share.
    pub shared_data: SharedData,
    /// The metrics that all VMs share.
    pub metrics: Metrics,
    /// The log lines, each with the ABI's number for its level.
    pub log: Vec<(u32, String)>,
    /// The authorization servers that the module can reach, by cluster name.
    pub clusters: BTreeMap<String, AuthorizationServer>,
    /// The `vm_id`. Modules with the same `vm_id` share `shared_data`.
    pub vm_id: String,
    /// The plugin configuration that the module reads.
    pub configuration: Vec<u8>,
    /// The foreign functions that the module can call, by name.
    pub foreign_functions: BTreeMap<String, ForeignFunction>,
    /// The names of the foreign functions that the module has called, in order.
    pub foreign_calls: Vec<String>,
    /// The virtual hosts with their routes. If the list is empty, one route takes all requests.
    pub virtual_hosts: Vec<VirtualHost>,
    /// The filter state that exists before the module runs: for each key, the name of the request
    /// header that contains the value.
    pub preset_filter_state: BTreeMap<String, String>,
    /// The properties that every stream has, by property path. The segments of a path are joined
    /// with dots.
    pub properties: BTreeMap<String, Vec<u8>>,
    /// The allowed capabilities; `None` allows all.
    pub capabilities: Option<BTreeSet<String>>,
    /// The host calls that do nothing but return the status that the test has chosen.
    pub forced: BTreeMap<String, Status>,
    /// The value of `forced` while the module handles trailers.
    pub forced_on_trailers: BTreeMap<String, Status>,
    /// The names of the host calls since the test set this field to an empty list. `None` means
    /// that host calls are not recorded.
    pub recorded: Option<Vec<String>>,
    /// The number of the last connection.
    pub last_connection: u64,
    /// The VMs. The first VM belongs to the main thread.
    pub vms: Vec<VmState>,
}

impl Process {
    /// Returns whether the module may use a capability.
    pub fn allows(&self, capability: &str) -> bool {
        self.capabilities
            .as_ref()
            .is_none_or(|allowed| allowed.contains(capability))
    }

    /// The properties of a request when it arrives: those that every stream has, the preset filter
    /// state, and the metadata of the request's route. If the module edits the headers later, the
    /// module still sees this route, because Envoy chooses a new route only when a later filter
    /// asks for it.
    pub fn properties_of(&self, stream: &Stream) -> BTreeMap<String, Vec<u8>> {
        let mut properties = self.properties.clone();
        for (key, header) in &self.preset_filter_state {
            let line = stream.request.value(header);
            let named = line.map(|value| (format!("filter_state.{key}"), value.into_bytes()));
            properties.extend(named);
        }
        let metadata = route_metadata(&self.virtual_hosts, &stream.request);
        let written = metadata.map(|metadata| {
            let namespaces = Value::from_iter([("portcullis", metadata)]);
            (
                "xds.route_metadata".to_owned(),
                protobuf_struct::metadata(&namespaces),
            )
        });
        properties.extend(written);
        properties
    }

    /// Returns an ID for a new connection, unique within the process.
    pub fn new_connection(&mut self) -> u64 {
        self.last_connection += 1;
        self.last_connection
    }

    /// The root contexts whose tick is due.
    pub fn due_roots(&self, vm: usize) -> Vec<u32> {
        let due = |root: &Root| {
            !root.tick_period.is_zero() && self.now >= root.last_tick + root.tick_period
        };
        let roots = self.vms[vm].roots.iter();
        roots
            .filter(|(_, root)| due(root))
            .map(|(id, _)| *id)
            .collect()
    }

    /// The root contexts that have been replaced and no longer have any streams or connections.
    pub fn unused_roots(&self, vm: usize) -> Vec<u32> {
        let vm = &self.vms[vm];
        let used = |id: u32| {
            vm.streams.values().any(|stream| stream.root == id)
                || vm.connections.values().any(|root| *root == id)
        };
        let roots = vm.roots.keys().copied();
        roots
            .filter(|id| *id != vm.current_root && !used(*id))
            .collect()
    }

    /// The HTTP calls whose outcome is known by now.
    pub fn arrived_calls(&self, vm: usize) -> Vec<u32> {
        let calls = self.vms[vm].calls.iter();
        calls
            .filter(|(_, call)| call.outcome(self.now).is_some())
            .map(|(id, _)| *id)
            .collect()
    }
}

/// One VM.
#[derive(Default)]
pub struct VmState {
    /// The context whose callback is running; 0 outside callbacks.
    pub current: u32,
    /// The context that the module has selected instead of the current context; 0 means none.
    pub effective: u32,
    /// The last context id that was assigned.
    pub last_context: u32,
    /// The last call token that was assigned.
    pub last_token: u32,
    /// The root contexts by id.
    pub roots: BTreeMap<u32, Root>,
    /// The root context that takes new connections. It has the configuration that is in force.
    pub current_root: u32,
    /// The open connections, each with the root context that took it.
    pub connections: BTreeMap<u64, u32>,
    /// The number of requests so far.
    pub requests_taken: u64,
    /// The streams that have not ended, by context id.
    pub streams: BTreeMap<u32, Stream>,
    /// The streams that the host has dropped without notifying the module.
    pub forgotten: Vec<u32>,
    /// The pending HTTP calls by token.
    pub calls: BTreeMap<u32, HttpCall>,
    /// The answer to an HTTP call, while the callback that reads it is running.
    pub delivered: Option<Delivery>,
}

/// A plugin's root context.
#[derive(Debug, Default)]
pub struct Root {
    /// The time between two ticks; zero means no ticks.
    pub tick_period: Duration,
    /// The time of the last tick. If there has been none since the period was set, the time at
    /// which the period was set.
    pub last_tick: Duration,
    /// The context's configuration.
    pub configuration: Vec<u8>,
}

impl VmState {
    /// Returns a new context id.
    pub fn new_context(&mut self) -> u32 {
        self.last_context += 1;
        self.last_context
    }

    /// Implements `proxy_set_effective_context`. If the call fails, the previous selection stays.
    pub fn set_effective(&mut self, context: u32) -> Status {
        if !self.exists(context) {
            return Status::BadArgument;
        }
        self.effective = context;
        Status::Ok
    }

    /// The context to which host calls apply: the selected context if it still exists, otherwise
    /// the current context.
    pub fn acting(&self) -> u32 {
        if self.exists(self.effective) {
            self.effective
        } else {
            self.current
        }
    }

    /// The stream that host calls apply to; `None` if they apply to a root context.
    pub fn stream(&mut self) -> Option<&mut Stream> {
        let acting = self.acting();
        self.streams.get_mut(&acting)
    }

    /// The header map to which the ABI gives this number, if the module may access the map now.
    pub fn map(&mut self, map: u32) -> Result<&mut Headers, Status> {
        if map == 6 {
            let answered = self
                .delivered
                .as_mut()
                .filter(|call| !call.headers.0.is_empty());
            return answered
                .map(|call| &mut call.headers)
                .ok_or(Status::BadArgument);
        }
        let stream = self.stream().ok_or(Status::BadArgument)?;
        match map {
            0 if stream.act.is_none() => Ok(&mut stream.request),
            1 if stream.act.is_none() => Ok(&mut stream.trailers),
            2 if !stream.response.0.is_empty() => Ok(&mut stream.response),
            _ => Err(Status::BadArgument),
        }
    }

    /// The buffer to which the ABI gives this number, if the module may access the buffer now.
    pub fn buffer<'a>(&'a self, process: &'a Process, kind: u32) -> Option<&'a [u8]> {
        match kind {
            0 => self
                .streams
                .get(&self.acting())
                .map(|stream| stream.body.as_slice()),
            4 => self.delivered.as_ref().map(|call| call.body.as_slice()),
            6 => Some(&[]),
            7 => Some(&process.configuration),
            _ => None,
        }
    }

    /// Records a verdict on the acting context's stream. As in Envoy, this returns `Ok` even if the
    /// acting context is a root context, which has no stream.
    pub fn act(&mut self, act: Act) -> Status {
        self.decide(self.acting(), act);
        Status::Ok
    }

    /// Records a verdict on a stream. Only the first verdict counts.
    pub fn decide(&mut self, context: u32, act: Act) {
        if let Some(stream) = self.streams.get_mut(&context) {
            stream.act.get_or_insert(act);
        }
    }

    /// Implements `proxy_http_call`: sends a request to a cluster. A callback reports the outcome
    /// later.
    pub fn call(
        &mut self,
        process: &Process,
        cluster: &str,
        request: Message,
        timeout: u32,
    ) -> Result<u32, Status> {
        let server = process.clusters.get(cluster).ok_or(Status::BadArgument)?;
        let named = [":method", ":path", ":authority"].map(|name| request.headers.value(name));
        if named.iter().any(Option::is_none) {
            return Err(Status::BadArgument);
        }
        self.last_token += 1;
        let call = HttpCall {
            context: self.acting(),
            server: server.clone(),
            path: request.start.1.clone(),
            since: process.now,
            timeout: Duration::from_millis(timeout.into()),
        };
        server.receive(request);
        self.calls.insert(self.last_token, call);
        Ok(self.last_token)
    }

    /// Finds a stream with a verdict that has not been applied yet.
    pub fn decided(&self) -> Option<(u32, Act)> {
        self.streams
            .iter()
            .find_map(|(id, stream)| Some((*id, stream.act.clone()?)))
    }

    /// Removes a stream and its HTTP calls.
    pub fn remove_stream(&mut self, context: u32) {
        self.streams.remove(&context);
        self.calls.retain(|_, call| call.context != context);
    }

    /// Removes a root context and its HTTP calls.
    pub fn remove_root(&mut self, context: u32) {
        self.roots.remove(&context);
        self.calls.retain(|_, call| call.context != context);
    }

    fn exists(&self, context: u32) -> bool {
        self.roots.contains_key(&context) || self.streams.contains_key(&context)
    }
}

/// Joins the segments of a property's path with dots. In the ABI, NUL separates them.
pub fn dotted(path: &[u8]) -> String {
    String::from_utf8_lossy(path).replace('\0', ".")
}
