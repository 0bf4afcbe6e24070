//! The Envoy driver: the real module in the real proxy, over loopback sockets.
//!
//! Each gate is a process of its own, on ports that the kernel picks; its files lie in
//! `target/tmp/envoy-…` and stay there when a test fails. The listener stands in a file that Envoy
//! watches, so that a configuration can be replaced, and refused, while the gate runs. A trap of
//! the module fails the test, whatever the test looks at.

mod access_log;
pub mod bootstrap;
pub mod memory;
pub mod process;

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    env, fs,
    io::{self, BufReader, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use self::{access_log::AccessLog, memory::Memory, process::EnvoyProcess};
use super::{
    driver::{Driver, Exchange, Refused, Request, Setup},
    http,
    load::Client,
    server::Server,
    upstream::Upstream,
};

/// How Envoy logs a callback that trapped.
pub const TRAP: &str = "error wasm Function: ";
/// Prefix of the metrics that modules define.
const METRICS: &str = "wasmcustom";

/// A running Envoy with the servers around it.
pub struct Envoy {
    setup: Setup,
    process: EnvoyProcess,
    upstream: Upstream,
    _authorization_servers: Vec<Server>,
    access_log: RefCell<AccessLog>,
    /// A listener keeps its address when its filters change.
    address: OnceCell<SocketAddr>,
}

/// A request under way, on a connection of its own.
pub struct Pending {
    connection: TcpStream,
    method: String,
}

/// Whether Envoy and that module are there. Without them it says what is missing; in CI (`CI=true`)
/// that is a failure.
pub fn is_installed(module: &Path) -> bool {
    let missing: Vec<_> = [binary(), module.to_owned()]
        .into_iter()
        .filter(|path| !path.exists())
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "missing: {missing:?}"
    );
    let _ = writeln!(
        io::stderr(),
        "SKIPPED in Envoy: {missing:?} missing; run `make envoy wasm` (`make host-facts` for the probe)"
    );
    false
}

impl Driver for Envoy {
    type Pending = Pending;
    type Connection = BufReader<TcpStream>;

    fn start(setup: &Setup) -> Result<Self, Refused> {
        let envoy = Self::launch(setup);
        envoy.await_verdict(Verdicts::default(), 0)?;
        Ok(envoy)
    }
    fn reconfigure(&self, configuration: &Value) -> Result<(), Refused> {
        self.replace(&Setup {
            configuration: configuration.clone(),
            ..self.setup.clone()
        })
    }

    fn reconfigure_in_vain(&self, configuration: &Value) {
        let (before, logged) = (self.verdicts(), self.process.log().len());
        let mut setup = self.setup.clone();
        let refused = bootstrap::wasm_filter(&setup, &json!({ "no_such_field": 1 }));
        setup.filters_behind.push(refused);
        publish(self.process.folder(), &setup, configuration);
        assert!(self.await_verdict(before, logged).is_err());
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
        drop(reader); // a tunnel is logged at its end
        self.exchange(answer, &client)
    }

    fn abandon(&self, pending: Pending) {
        drop(pending);
    }

    fn send_over(&self, connections: usize, requests: &[Request]) -> Vec<Option<u16>> {
        // All of them are open before the first request: they are shared out between the workers.
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
        self.process.stat(&format!("{METRICS}.{name}"))
    }

    fn log(&self) -> Vec<String> {
        logged_by_module(&self.process.log())
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

impl Envoy {
    /// Starts Envoy, and does not wait for what it says of the listener.
    pub fn launch(setup: &Setup) -> Self {
        let upstream = Upstream::start().unwrap();
        let mut clusters = BTreeMap::from([(bootstrap::UPSTREAM, upstream.address())]);
        let mut authorization_servers = Vec::new();
        for (name, server) in &setup.clusters {
            let listening = server.listen().unwrap();
            clusters.insert(name, listening.address());
            authorization_servers.push(listening);
        }
        for (name, address) in &setup.external_clusters {
            clusters.insert(name, *address);
        }
        let folder = process::new_folder();
        publish(&folder, setup, &setup.configuration);
        let bootstrap = bootstrap::bootstrap(&folder, &clusters);
        let workers = setup.workers.max(1);
        Self {
            setup: setup.clone(),
            process: match setup.keeps_connections {
                true => EnvoyProcess::spawn_keeping_connections(folder, &bootstrap, workers),
                false => EnvoyProcess::spawn(folder, &bootstrap, workers),
            },
            upstream,
            _authorization_servers: authorization_servers,
            access_log: RefCell::default(),
            address: OnceCell::new(),
        }
    }

    /// Offers a listener made of another setup; the clusters stay.
    pub fn replace(&self, setup: &Setup) -> Result<(), Refused> {
        let (before, logged) = (self.verdicts(), self.process.log().len());
        publish(self.process.folder(), setup, &setup.configuration);
        self.await_verdict(before, logged)
    }

    /// How many VMs there are.
    pub fn vms(&self) -> Option<u64> {
        self.process.stat("wasm.envoy.wasm.runtime.v8.active")
    }

    /// A page of the admin interface.
    pub fn admin(&self, path: &str) -> String {
        self.process.admin(path)
    }

    /// The memory that the process has now.
    pub fn memory(&self) -> Memory {
        Memory::of(self.process.id())
    }

    /// Where the listener listens.
    pub fn address(&self) -> SocketAddr {
        let look = || self.process.listener();
        *self
            .address
            .get_or_init(|| self.process.wait_for("the listener", look))
    }

    /// The outcome of a request whose answer has arrived.
    fn exchange(&self, answer: io::Result<(u16, http::Message)>, client: &str) -> Exchange {
        let (status, message) = answer.unwrap_or_else(|error| self.process.fail(&error));
        let path = self.process.folder().join(bootstrap::ACCESS_LOG);
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

    fn verdicts(&self) -> Verdicts {
        let stat = |name| {
            self.process
                .stat(&format!("listener_manager.{name}"))
                .unwrap_or_default()
        };
        Verdicts {
            accepted: stat("lds.update_success"),
            rejected: stat("lds.update_rejected"),
            // The old listener serves until every worker has the new one.
            settling: stat("total_listeners_warming")
                + match self.setup.keeps_connections {
                    true => 0,
                    false => {
                        stat("total_listeners_draining") + stat("total_filter_chains_draining")
                    }
                },
        }
    }

    fn await_verdict(&self, before: Verdicts, logged: usize) -> Result<(), Refused> {
        self.process.wait_for("a verdict on the listener", || {
            let now = self.verdicts();
            if now.rejected > before.rejected {
                let log = self.process.log();
                return Some(Err(Refused(
                    log.get(logged..).unwrap_or_default().to_owned(),
                )));
            }
            (now.accepted > before.accepted && now.settling == 0).then_some(Ok(()))
        })
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if !thread::panicking() && self.process.log().contains(TRAP) {
            self.process.fail(&"the module trapped");
        }
    }
}

/// What Envoy has said about the listeners it was offered.
#[derive(Clone, Copy, Default)]
struct Verdicts {
    accepted: u64,
    rejected: u64,
    settling: u64,
}

/// Envoy reads the file when it is moved into place.
fn publish(folder: &Path, setup: &Setup, configuration: &Value) {
    let draft = folder.join("draft.json");
    fs::write(
        &draft,
        bootstrap::listener(folder, setup, configuration).to_string(),
    )
    .unwrap();
    fs::rename(draft, folder.join(bootstrap::LISTENER_FILE)).unwrap();
}

/// The module's message, after Envoy's prefix. The prefix ends with the `vm_id`, which may be
/// empty.
fn logged_by_module(log: &str) -> Vec<String> {
    let words = |line: &str| {
        let (_, named) = line.split_once(" wasm log")?;
        let (_, words) = named.split_once(": ")?;
        Some(words.to_owned())
    };
    log.lines().filter_map(words).collect()
}

/// Envoy.
pub fn binary() -> PathBuf {
    from_environment("PORTCULLIS_ENVOY", ".tools/envoy/envoy")
}

/// Its version, major and minor, for what differs between versions (`docs/hosts.md`).
pub fn version() -> (u32, u32) {
    let output = Command::new(binary()).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // /path/of/envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL
    let (_, build) = text.split_once("version: ").unwrap();
    let mut numbers = build.split('/').nth(1).unwrap().split('.');
    let mut number = || numbers.next().unwrap().parse().unwrap();
    (number(), number())
}

/// The product.
pub fn module() -> PathBuf {
    from_environment(
        "PORTCULLIS_WASM",
        "target/wasm32-unknown-unknown/release/portcullis.wasm",
    )
}

fn from_environment(variable: &str, default: &str) -> PathBuf {
    let chosen = env::var_os(variable).map(PathBuf::from);
    chosen.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(default))
}
