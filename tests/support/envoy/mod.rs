//! The Envoy driver: runs the real module in the real proxy, over loopback sockets.
//!
//! An Envoy serves one gate at a time. Most gates borrow a running Envoy from the [`pool`] and
//! return it, because starting Envoy takes more than a second. A gate leaves nothing behind for the
//! next one: each gate has its own `vm_id`, access log and servers, counters start at zero, and
//! earlier lines of the log are skipped. A test that examines a whole process, for example its
//! start, its memory or its VMs, requests a new process with [`Setup::alone`].
//!
//! The kernel picks the ports. Each process has its files in a folder `target/tmp/envoy-…`, which
//! stays there if the test fails. Envoy watches the file with the listener, so a test can replace
//! the configuration of a running gate. If the module traps, the test always fails.

mod access_log;
pub mod bootstrap;
mod discovery;
pub mod front;
mod installed;
pub mod memory;
mod pool;
pub mod process;

pub use installed::{binary, chosen_build, is_installed, library, library_name, module, version};

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    io::{self, BufReader, Write},
    marker::PhantomData,
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use self::{
    access_log::AccessLog,
    discovery::{Kind, OfferedListener},
    memory::Memory,
    pool::Lease,
    process::EnvoyProcess,
};
use super::{
    driver::{Build, Driver, Exchange, Refused, Request, Seen, Setup},
    http,
    load::Client,
    server::Server,
    upstream::Upstream,
};

/// A part of the line that Envoy logs when a callback of the proxy-wasm module traps.
pub const TRAP: &str = "error wasm Function: ";
/// A part of the line that the dynamic module logs when it panics.
const DEFECT: &str = ": defect ";
/// The gauge of running VMs.
const VMS: &str = "wasm.envoy.wasm.runtime.v8.active";

/// A type that selects which build of the module a driver runs.
pub trait RunsBuild {
    /// The build.
    const BUILD: Build;
}

/// Selects the proxy-wasm module.
pub enum Wasm {}

/// Selects the dynamic module.
pub enum Native {}

impl RunsBuild for Wasm {
    const BUILD: Build = Build::Wasm;
}

impl RunsBuild for Native {
    const BUILD: Build = Build::Native;
}

/// A running Envoy with the proxy-wasm module.
pub type Envoy = Gate<Wasm>;

/// A running Envoy with the dynamic module.
pub type NativeEnvoy = Gate<Native>;

/// A running Envoy, and the servers that it connects to.
pub struct Gate<B> {
    build: PhantomData<B>,
    setup: Setup,
    process: Lease,
    upstream: Upstream,
    _authorization_servers: Vec<Server>,
    access_log: RefCell<AccessLog>,
    /// The listener that the gate started with.
    first: OfferedListener,
    /// The listener's address, which stays the same when its filters change.
    address: OnceCell<SocketAddr>,
}

/// A gate in the real Envoy, with either build of the module.
pub trait InEnvoy: Driver {
    /// The address of the listener.
    fn address(&self) -> SocketAddr;

    /// Requests a page of the admin interface.
    fn admin(&self, path: &str) -> String;

    /// The request that the protected service answered with these headers.
    fn seen(&self, answer: &http::Headers) -> Option<Seen>;

    /// The memory that the process uses now.
    fn memory(&self) -> Memory;
}

impl<B: RunsBuild> InEnvoy for Gate<B> {
    fn address(&self) -> SocketAddr {
        Self::address(self)
    }

    fn admin(&self, path: &str) -> String {
        Self::admin(self, path)
    }

    fn seen(&self, answer: &http::Headers) -> Option<Seen> {
        self.upstream.seen(answer)
    }

    fn memory(&self) -> Memory {
        Memory::of(self.process.id())
    }
}

/// A pending request on its own connection.
pub struct Pending {
    connection: TcpStream,
    method: String,
}

impl<B: RunsBuild> Driver for Gate<B> {
    type Pending = Pending;
    type Connection = BufReader<TcpStream>;

    const IS_NATIVE: bool = matches!(B::BUILD, Build::Native);

    fn keeps_connections_through_a_rollback() -> bool {
        version() >= (1, 40)
    }

    fn takes_nested_metadata() -> bool {
        !Self::IS_NATIVE || version() >= (1, 40)
    }

    fn shows_key_metrics_at_once() -> bool {
        !Self::IS_NATIVE || version() >= (1, 39)
    }

    fn start(setup: &Setup) -> Result<Self, Refused> {
        let envoy = Self::launch(setup);
        envoy.await_verdict(&envoy.first)?;
        let workers = envoy.setup.workers.max(1);
        envoy.wait_until("the listener on every worker", || {
            envoy.taken_by_worker().len() == workers
        });
        Ok(envoy)
    }

    fn reconfigure(&self, configuration: &Value) -> Result<(), Refused> {
        self.replace(&Setup {
            configuration: configuration.clone(),
            ..self.setup.clone()
        })
    }

    fn reconfigure_in_vain(&self, configuration: &Value) {
        let mut setup = self.setup.clone();
        let refused = bootstrap::filter(&setup, &json!({ "no_such_field": 1 }));
        setup.filters_behind.push(refused);
        let offered = self.offer(&setup, configuration);
        assert!(self.await_verdict(&offered).is_err());
    }

    fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(http::connect(self.address()).unwrap())
    }

    fn send_on(&self, connection: &mut BufReader<TcpStream>, request: &Request) -> Exchange {
        let client = connection.get_ref().local_addr().unwrap().to_string();
        let sent = connection.get_mut().write_all(&request.on_the_wire());
        sent.unwrap_or_else(|error| self.process.fail(&error));
        let answer = http::read_response(connection, &request.method);
        self.exchange(answer, &client)
    }

    fn begin(&self, request: &Request) -> Pending {
        let mut connection = http::connect(self.address()).unwrap();
        connection.write_all(&request.on_the_wire()).unwrap();
        Pending {
            connection,
            method: request.method.clone(),
        }
    }

    fn finish(&self, pending: Pending) -> Exchange {
        let client = pending.connection.local_addr().unwrap().to_string();
        let mut reader = BufReader::new(pending.connection);
        let answer = http::read_response(&mut reader, &pending.method);
        drop(reader); // Envoy logs a tunnel (CONNECT) only when its connection closes
        self.exchange(answer, &client)
    }

    fn abandon(&self, pending: Pending) {
        drop(pending);
    }

    fn send_over(&self, connections: usize, requests: &[Request]) -> Vec<Option<u16>> {
        // All connections are opened before the first request, so that Envoy distributes them
        // between the workers.
        let open = || Client::connected(self.address()).unwrap();
        let clients: Vec<_> = (0..connections).map(|_| open()).collect();
        let turn = |first: usize, mut client: Client| {
            let own = requests.iter().enumerate().skip(first).step_by(connections);
            own.map(|(n, request)| (n, client.send(request).ok().map(|(status, _)| status)))
                .collect::<Vec<_>>()
        };
        let mut answers: Vec<_> = thread::scope(|scope| {
            let clients = clients.into_iter().enumerate();
            let turns: Vec<_> = clients
                .map(|(first, client)| scope.spawn(move || turn(first, client)))
                .collect();
            turns
                .into_iter()
                .flat_map(|turn| turn.join().unwrap())
                .collect()
        });
        answers.sort_unstable_by_key(|(n, _)| *n);
        answers.into_iter().map(|(_, status)| status).collect()
    }

    fn in_flight(&self) -> u64 {
        let active = format!("http.{}.downstream_rq_active", bootstrap::LISTENER);
        self.process.stat(&active).unwrap_or_default()
    }

    fn taken_by_worker(&self) -> Vec<u64> {
        let stats = self.admin("/stats?filter=^listener.*worker_.*downstream_cx_total$");
        let value = |line: &str| line.rsplit(' ').next()?.parse().ok();
        stats.lines().filter_map(value).collect()
    }

    fn metric(&self, name: &str) -> Option<u64> {
        let prefix = match B::BUILD {
            Build::Wasm => "wasmcustom",
            Build::Native => "dynamicmodulescustom",
        };
        self.process.stat(&format!("{prefix}.{name}"))
    }

    fn log(&self) -> Vec<String> {
        let log = self.process.log();
        let own = log.get(self.first.logged()..).unwrap_or_default();
        match B::BUILD {
            Build::Wasm => {
                let vm_id = self.setup.vm_id.as_deref();
                logged_by_modules(own, vm_id.unwrap_or(bootstrap::VM_ID))
            }
            Build::Native => logged_by_library(own),
        }
    }

    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    }

    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    fn wait_until(&self, expectation: &str, mut condition: impl FnMut() -> bool) {
        self.process
            .wait_for(expectation, || condition().then_some(()));
    }
}

impl<B: RunsBuild> Gate<B> {
    /// Offers the gate's configuration to Envoy, without waiting until Envoy accepts or rejects it.
    pub fn launch(setup: &Setup) -> Self {
        let upstream = Upstream::start().unwrap();
        let mut clusters = vec![bootstrap::cluster(bootstrap::UPSTREAM, upstream.address())];
        let mut authorization_servers = Vec::new();
        for (name, server) in &setup.clusters {
            let listening = server.listen().unwrap();
            clusters.push(bootstrap::cluster(name, listening.address()));
            authorization_servers.push(listening);
        }
        let external = setup.external_clusters.iter();
        clusters.extend(external.map(|(name, address)| bootstrap::cluster(name, *address)));
        clusters.extend_from_slice(&setup.configured_clusters);
        let mut setup = Setup {
            build: B::BUILD,
            ..setup.clone()
        };
        let (process, first) = match needs_a_process(&setup) {
            true => start_process(&setup, &clusters),
            false => {
                setup.vm_id.get_or_insert_with(new_vm_id);
                borrow_process(&setup, &clusters)
            }
        };
        Self {
            build: PhantomData,
            setup,
            process,
            first,
            upstream,
            _authorization_servers: authorization_servers,
            access_log: RefCell::default(),
            address: OnceCell::new(),
        }
    }

    /// Replaces the listener with a listener for another setup. The clusters stay.
    pub fn replace(&self, setup: &Setup) -> Result<(), Refused> {
        let offered = self.offer(setup, &setup.configuration);
        self.await_verdict(&offered)
    }

    fn offer(&self, setup: &Setup, configuration: &Value) -> OfferedListener {
        let setup = Setup {
            vm_id: self.setup.vm_id.clone(),
            build: B::BUILD,
            ..setup.clone()
        };
        OfferedListener::new(&self.process, &setup, configuration)
    }

    fn await_verdict(&self, offered: &OfferedListener) -> Result<(), Refused> {
        let verdict = || offered.verdict(&self.process, &self.setup);
        self.process.wait_for("a verdict on the listener", verdict)
    }

    /// The number of running VMs.
    pub fn vms(&self) -> Option<u64> {
        self.process.stat(VMS)
    }

    /// Requests a page of the admin interface.
    pub fn admin(&self, path: &str) -> String {
        self.process.admin(path)
    }

    /// Returns whether Envoy reports that it is ready.
    pub fn is_ready(&self) -> bool {
        self.process.is_ready()
    }

    /// The address of the listener.
    pub fn address(&self) -> SocketAddr {
        let look = || self.process.listener();
        *self
            .address
            .get_or_init(|| self.process.wait_for("the listener", look))
    }

    /// Collects the outcome of a request from three sources: the answer that the client has
    /// received, the access log, and the requests that the upstream has recorded.
    fn exchange(&self, answer: io::Result<(u16, http::Message)>, client: &str) -> Exchange {
        let (status, message) = answer.unwrap_or_else(|error| self.process.fail(&error));
        let path = bootstrap::access_log_file(self.process.folder(), &self.setup);
        let mut access_log = self.access_log.borrow_mut();
        let entry = self
            .process
            .wait_for("the access log", || access_log.take(&path, client));
        let written = |entries: BTreeMap<String, Option<String>>| {
            let entries = entries.into_iter();
            entries
                .filter_map(|(name, value)| Some((name, value?)))
                .collect()
        };
        Exchange {
            status,
            upstream: self.upstream.seen(&message.headers),
            headers: message.headers,
            body: message.body,
            details: entry.details.unwrap_or_default(),
            route: entry.route,
            filter_state: written(entry.filter_state),
            logged: written(entry.headers),
        }
    }
}

impl<B> Drop for Gate<B> {
    fn drop(&mut self) {
        let log = self.process.log();
        let own = log.get(self.first.logged()..).unwrap_or_default();
        let is_broken = own.contains(TRAP) || own.contains(DEFECT) && self.setup.defects.is_none();
        if !thread::panicking() && is_broken {
            self.process.fail(&"the module trapped or panicked");
        }
    }
}

/// Returns whether the gate needs its own process. In a shared process, a gate with an empty
/// `vm_id` would share memory with earlier gates.
fn needs_a_process(setup: &Setup) -> bool {
    let shares_memory = setup.vm_id.as_deref() == Some("");
    let has_own_module = setup.module.is_some() || setup.defects.is_some();
    setup.alone || setup.keeps_connections || has_own_module || shares_memory
}

fn start_process(setup: &Setup, clusters: &[Value]) -> (Lease, OfferedListener) {
    let folder = process::new_folder();
    let listener = bootstrap::listener(&folder, setup, &setup.configuration);
    let first = OfferedListener::at_start(&folder, &listener);
    let bootstrap = bootstrap::bootstrap(&folder, clusters);
    let workers = setup.workers.max(1);
    let process = match (&setup.defects, setup.keeps_connections) {
        (Some(defects), _) => {
            EnvoyProcess::spawn_with_defects(defects, folder, &bootstrap, workers)
        }
        (None, true) => EnvoyProcess::spawn_keeping_connections(folder, &bootstrap, workers),
        (None, false) => EnvoyProcess::spawn(folder, &bootstrap, workers),
    };
    (Lease::Own(process), first)
}

fn borrow_process(setup: &Setup, clusters: &[Value]) -> (Lease, OfferedListener) {
    let process = Lease::warm(setup.build, setup.workers.max(1));
    let offer = Kind::Clusters.offer(process.folder(), clusters);
    process.wait_for("the clusters", || offer.is_taken(&process).then_some(()));
    let first = OfferedListener::new(&process, setup, &setup.configuration);
    (process, first)
}

/// A `vm_id` that no other gate has, so that the gate's module shares no memory with other modules.
pub fn new_vm_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("gate-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The messages in Envoy's log that come from the dynamic module.
fn logged_by_library(log: &str) -> Vec<String> {
    let words = |line: &str| {
        let (_, words) = line.split_once(" dynamic_modules ")?;
        let words = words.strip_prefix("[:] ").unwrap_or(words);
        words.starts_with("portcullis: ").then(|| words.to_owned())
    };
    log.lines().filter_map(words).collect()
}

/// The messages in Envoy's log that come from modules with this `vm_id`. Envoy begins each of these
/// messages with a prefix that ends with the `vm_id`, which may be empty.
fn logged_by_modules(log: &str, vm_id: &str) -> Vec<String> {
    let words = |line: &str| {
        let (_, named) = line.split_once(" wasm log")?;
        let (name, words) = named.split_once(": ")?;
        name.ends_with(vm_id).then(|| words.to_owned())
    };
    log.lines().filter_map(words).collect()
}
