//! What a scenario may say: a gate is set up, requests go in, exchanges come out.
//!
//! Scenarios assert outcomes (answers, what reached the protected service, fetches, metrics), never
//! the order of host calls, and so hold on every [`Driver`]. They wait on conditions, never for a
//! time: the fake host's time is simulated, Envoy's is real.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use serde_json::Value;

use super::{
    authorization_server::AuthorizationServer,
    http::{self, Headers},
};

/// A gate in front of a recording service.
pub trait Driver: Sized {
    /// A request that was sent and not yet answered.
    type Pending;

    /// A connection that stays open until it is dropped. The configuration that was in force when it
    /// began serves all of its requests.
    type Connection;

    /// Sets up the gate. A refused configuration is an answer, not a failure.
    fn start(setup: &Setup) -> Result<Self, Refused>;

    /// Offers another plugin configuration; refused, the old one stays in force.
    fn reconfigure(&self, configuration: &Value) -> Result<(), Refused>;

    /// Offers a configuration in an update that the module accepts and the host then refuses for
    /// another reason.
    fn reconfigure_in_vain(&self, configuration: &Value);

    /// Opens a connection. In Envoy, set [`Setup::keeps_connections`] for one that outlives an update.
    fn connect(&self) -> Self::Connection;

    /// Sends a request over a connection and waits for its answer.
    fn send_on(&self, connection: &mut Self::Connection, request: &Request) -> Exchange;

    /// Sends a request without waiting for its answer.
    fn begin(&self, request: &Request) -> Self::Pending;

    /// Waits for the answer.
    fn finish(&self, pending: Self::Pending) -> Exchange;

    /// Leaves without waiting: the client's connection is gone.
    fn abandon(&self, pending: Self::Pending);

    /// Requests that the gate has taken and not yet answered.
    fn in_flight(&self) -> u64;

    /// How many connections each worker has taken; in the fake host, how many requests.
    fn taken_by_worker(&self) -> Vec<u64>;

    /// A counter's or gauge's value; `None` where nobody defined it.
    fn metric(&self, name: &str) -> Option<u64>;

    /// What the module has logged, one entry a line.
    fn log(&self) -> Vec<String>;

    /// The gate's time in seconds since 1970: mint tokens by it.
    fn now(&self) -> u64;

    /// Lets this much of the gate's time pass.
    fn pass(&self, time: Duration);

    /// Lets the gate work until the condition holds; fails the test that waits in vain.
    fn wait_until(&self, expectation: &str, condition: impl FnMut() -> bool);

    /// Sends a request and waits for its answer.
    fn send(&self, request: &Request) -> Exchange {
        self.finish(self.begin(request))
    }

    /// Sends the requests in turn over this many connections at once, the first over the first and
    /// so on round; only Envoy keeps them open. The statuses in order; `None` where a connection
    /// ended without an answer.
    fn send_over(&self, connections: usize, requests: &[Request]) -> Vec<Option<u16>> {
        let at_once = requests.chunks(connections);
        at_once
            .flat_map(|requests| self.send_all(requests))
            .map(|exchange| Some(exchange.status))
            .collect()
    }

    /// Sends all requests before it waits for the first answer.
    fn send_all(&self, requests: &[Request]) -> Vec<Exchange> {
        let pending: Vec<_> = requests.iter().map(|request| self.begin(request)).collect();
        pending
            .into_iter()
            .map(|pending| self.finish(pending))
            .collect()
    }
}

/// Why a configuration did not enter into force: what host and module logged about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

/// How the plugin configuration is wrapped in Envoy's configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrapping {
    /// `google.protobuf.StringValue` that holds the JSON text.
    #[default]
    Text,
    /// `google.protobuf.Struct`: Envoy hands its wire format over, not JSON; numbers are doubles.
    Struct,
}

/// Everything a gate is made of.
#[derive(Clone, Default)]
pub struct Setup {
    /// The plugin configuration.
    pub configuration: Value,
    /// How the host hands it over.
    pub wrapping: Wrapping,
    /// Clusters with a scripted server behind each.
    pub clusters: BTreeMap<String, AuthorizationServer>,
    /// Clusters with a server behind each that the test runs itself; only Envoy reaches them.
    pub external_clusters: BTreeMap<String, SocketAddr>,
    /// Worker threads, each with a VM of its own beside the main thread's; 0 means 1.
    pub workers: usize,
    /// Envoy hands each new connection to the worker that has fewest, as the fake host deals
    /// requests out in turn; else the kernel chooses.
    pub balanced: bool,
    /// Whether connections of a replaced configuration stay open for longer than any test takes,
    /// and an update does not wait for their end. Otherwise Envoy ends them at once.
    pub keeps_connections: bool,
    /// The gate has a process of its own, which starts and ends with it. Needed where a test looks at
    /// the start, or at what belongs to the process as a whole; other gates follow each other in one.
    pub alone: bool,
    /// The only `proxy_*` calls and callbacks allowed; `None` allows all.
    pub capabilities: Option<Vec<String>>,
    /// Limit of a request's headers in KiB; 0 is Envoy's default of 60.
    pub request_headers_kib: u32,
    /// While headers wait, the body goes on to the filter all the same
    /// (`allow_on_headers_stop_iteration`); the fake host is always like that.
    pub stops_headers_alone: bool,
    /// Filter state (without `wasm.`) to report in [`Exchange::filter_state`].
    pub filter_state: Vec<String>,
    /// Headers of the request to report in [`Exchange::logged`]; only Envoy has an access log.
    pub logged: Vec<String>,
    /// Where requests are routed to, and what the routes say; none is one route for all.
    pub virtual_hosts: Vec<VirtualHost>,
    /// Filter state that another filter sets before the module's, each from a request's header.
    pub preset_filter_state: BTreeMap<String, String>,
    /// Filters ahead of the module's, as Envoy's configuration has them; the fake host has none.
    pub filters_ahead: Vec<Value>,
    /// Filters behind the module's, as Envoy's configuration has them; the fake host has none.
    pub filters_behind: Vec<Value>,
    /// The `vm_id` under which modules of the proxy share memory. `None` chooses one for this gate
    /// only, and no other that is not empty may occur twice: gates follow each other in a process.
    pub vm_id: Option<String>,
    /// The module that Envoy loads; `None` is the product's. The fake host has the one it is linked
    /// with.
    pub module: Option<PathBuf>,
}

/// Routes of one host name.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualHost {
    /// The name, or `*` for every other.
    pub domain: String,
    /// The first that matches counts.
    pub routes: Vec<Route>,
}

/// A route to the protected service.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Start of the path.
    pub prefix: String,
    /// A header that must be there with this value.
    pub header: Option<(String, String)>,
    /// Filter state that must hold this text; only Envoy has it.
    pub filter_state: Option<(String, String)>,
    /// Metadata in the namespace `portcullis`; `None` is none in any namespace.
    pub metadata: Option<Value>,
}

impl VirtualHost {
    /// Routes of every other host.
    pub fn any(routes: impl IntoIterator<Item = Route>) -> Self {
        Self::new("*", routes)
    }

    /// Routes of this host.
    pub fn new(domain: &str, routes: impl IntoIterator<Item = Route>) -> Self {
        let (domain, routes) = (domain.to_owned(), routes.into_iter().collect());
        Self { domain, routes }
    }
}

impl Route {
    /// A route that says nothing.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            header: None,
            filter_state: None,
            metadata: None,
        }
    }

    /// Adds filter state that must hold this text.
    pub fn with_filter_state(self, key: &str, text: &str) -> Self {
        Self {
            filter_state: Some((key.to_owned(), text.to_owned())),
            ..self
        }
    }

    /// Adds what it says to the module.
    pub fn saying(self, metadata: Value) -> Self {
        Self {
            metadata: Some(metadata),
            ..self
        }
    }

    /// Adds a header that requests must have.
    pub fn with_header(self, name: &str, value: &str) -> Self {
        Self {
            header: Some((name.to_owned(), value.to_owned())),
            ..self
        }
    }
}

impl Setup {
    /// One worker, no clusters, nothing withheld.
    pub fn new(configuration: Value) -> Self {
        Self {
            configuration,
            ..Self::default()
        }
    }

    /// Adds a cluster with this server behind it.
    pub fn cluster(mut self, name: &str, server: &AuthorizationServer) -> Self {
        self.clusters.insert(name.to_owned(), server.clone());
        self
    }

    /// Adds a cluster that leads to this address.
    pub fn external_cluster(mut self, name: &str, address: SocketAddr) -> Self {
        self.external_clusters.insert(name.to_owned(), address);
        self
    }

    /// Sets the number of workers.
    pub fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Sets the number of workers and shares the connections out between them.
    pub fn balanced_workers(self, workers: usize) -> Self {
        Self {
            workers,
            balanced: true,
            ..self
        }
    }

    /// Asks for a process of its own.
    pub fn alone(self) -> Self {
        Self {
            alone: true,
            ..self
        }
    }

    /// Allows these capabilities alone.
    pub fn capabilities<S: Into<String>>(self, allowed: impl IntoIterator<Item = S>) -> Self {
        Self {
            capabilities: Some(allowed.into_iter().map(Into::into).collect()),
            ..self
        }
    }
}

/// A client's request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path and query, sent as they are.
    pub path: String,
    /// `Host`.
    pub authority: String,
    /// Header lines, sent as they are and in this order.
    pub headers: Headers,
    /// The body; `content-length` is added where it is not empty.
    pub body: Vec<u8>,
    /// Trailer lines; where there are any, the body is chunked.
    pub trailers: Headers,
}

impl Request {
    /// A request to `api.example.com` without headers and body.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            authority: "api.example.com".to_owned(),
            headers: Headers::default(),
            body: Vec::new(),
            trailers: Headers::default(),
        }
    }

    /// A `GET`.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// Adds a header line.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// Adds `Authorization: Bearer …`.
    pub fn bearer(self, token: impl AsRef<[u8]>) -> Self {
        self.header("authorization", [b"Bearer ", token.as_ref()].concat())
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    /// Adds a trailer line.
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers.add(name, value);
        self
    }

    /// Its bytes in HTTP/1.1.
    pub fn on_the_wire(&self) -> Vec<u8> {
        let mut headers = Headers::default();
        headers.add("host", &self.authority);
        headers.0.extend(self.headers.0.iter().cloned());
        let is_chunked = !self.trailers.0.is_empty();
        if is_chunked {
            headers.add("transfer-encoding", "chunked");
        } else if !self.body.is_empty() {
            headers.add("content-length", self.body.len().to_string());
        }
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.path).into_bytes();
        http::write_headers(&mut bytes, &headers);
        if is_chunked {
            if !self.body.is_empty() {
                bytes.extend(format!("{:x}\r\n", self.body.len()).into_bytes());
                bytes.extend([&self.body, &b"\r\n"[..]].concat());
            }
            bytes.extend_from_slice(b"0\r\n");
            http::write_headers(&mut bytes, &self.trailers);
        } else {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// What came of a request.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Status that the client got.
    pub status: u16,
    /// Header lines that the client got.
    pub headers: Headers,
    /// Body that the client got.
    pub body: Vec<u8>,
    /// What the protected service saw; `None` where nothing reached it.
    pub upstream: Option<Seen>,
    /// Envoy's `%RESPONSE_CODE_DETAILS%`.
    pub details: String,
    /// Metadata in the namespace `portcullis` of the route that the request took in the end.
    pub route: Option<Value>,
    /// Filter state that the module wrote, of the names in [`Setup::filter_state`].
    pub filter_state: BTreeMap<String, String>,
    /// Headers of the request as the access log has them, of the names in [`Setup::logged`].
    pub logged: BTreeMap<String, String>,
}

/// A request as the protected service saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header lines in order, `host` and what the proxy adds among them.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Trailer lines in order.
    pub trailers: Headers,
}
