//! An Envoy process: its folder, its admin interface, its end.
//!
//! A shell starts Envoy, and kills Envoy when the shell's standard input closes. The input closes
//! when the test binary ends, even if a signal kills the binary, so no Envoy outlives the tests.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{self, Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{binary, bootstrap, library};
use crate::http::{self, PATIENCE};

/// The pause between two checks of a condition.
pub const POLL: Duration = Duration::from_millis(10);
/// The shell script. It runs Envoy until the script's standard input closes or receives a line. If
/// the script has received a line, it keeps Envoy's folder. Otherwise, it removes the folder.
const WATCH: &str = r#"
trap : INT
"$@" </dev/null &
echo $! >"$0/id"
read -r keep
kill -KILL $!
wait
[ -n "$keep" ] || rm -rf -- "$0"
"#;
/// The environment variable that tells Envoy where to find dynamic modules that are configured by
/// name.
pub const LIBRARIES: &str = "ENVOY_DYNAMIC_MODULES_SEARCH_PATH";
/// The environment variable for a dynamic module that was built with the feature `defects`. The
/// variable names a folder. If a test creates a file in the folder, the module panics on purpose.
pub const DEFECTS: &str = "PORTCULLIS_DEFECTS";
/// Options for every process: Envoy writes its logs to files without much delay, and logs only
/// warnings.
const OPTIONS: [&str; 4] = ["--file-flush-interval-msec", "10", "--log-level", "warning"];
/// The option that isolates a process from other processes with the same base ID.
const ALONE: &str = "--disable-hot-restart";
/// Options with which Envoy immediately closes the connections of a replaced configuration.
const DRAIN_AT_ONCE: [&str; 4] = ["--drain-time-s", "1", "--drain-strategy", "immediate"];
/// Options with which Envoy keeps the connections of a replaced configuration open. Within the
/// first second, Envoy asks only one of 86,400 clients to close its connection.
const DRAIN_IN_A_DAY: [&str; 4] = ["--drain-time-s", "86400", "--drain-strategy", "gradual"];
/// The log levels that tests need.
const LOG_LEVELS: [&str; 4] = [
    "--component-log-level",
    "wasm:debug,dynamic_modules:info",
    "--log-format",
    "%l %n %v",
];
const LOG: &str = "envoy.log";
const ADMIN: &str = "admin";

/// Creates a folder under `target/tmp`. Failed tests may have left folders behind, so the name
/// differs from theirs.
pub fn new_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("envoy-{}-{number}", process::id());
        let folder = crate::folders::temporary().join(name);
        match fs::create_dir(&folder) {
            Ok(()) => return folder,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("{}: {error}", folder.display()),
        }
    }
}

/// A running Envoy. Dropping the value ends Envoy. If the test fails, the folder stays.
pub struct EnvoyProcess {
    folder: PathBuf,
    shell: Child,
    /// The shell's standard input. Envoy runs as long as this pipe is open.
    leash: Option<ChildStdin>,
    admin: SocketAddr,
}

impl EnvoyProcess {
    /// Starts an Envoy that has its files in `folder`, and waits for its admin interface.
    pub fn spawn(folder: PathBuf, bootstrap: &Value, workers: usize) -> Self {
        Self::spawn_draining(&DRAIN_AT_ONCE, folder, bootstrap, workers)
    }

    /// Starts an Envoy that keeps connections open when their configuration is replaced.
    pub fn spawn_keeping_connections(folder: PathBuf, bootstrap: &Value, workers: usize) -> Self {
        Self::spawn_draining(&DRAIN_IN_A_DAY, folder, bootstrap, workers)
    }

    /// Starts Envoy with a dynamic module that was built with the feature `defects`. If a test
    /// creates a file in `defects`, the module panics on purpose.
    pub fn spawn_with_defects(
        defects: &Path,
        folder: PathBuf,
        bootstrap: &Value,
        workers: usize,
    ) -> Self {
        let mut command = Command::new("env");
        let variable = format!("{DEFECTS}={}", defects.display());
        command.arg(variable).arg(binary());
        command.args(LOG_LEVELS).args(DRAIN_AT_ONCE).arg(ALONE);
        Self::spawn_by(&command, folder, bootstrap, workers)
    }

    /// Starts one of the two processes of a hot restart. `generation` 0 is the first process, and 1
    /// is the process that takes over from it. Both use the same base ID. The first process writes
    /// this base ID into the folder `shared`.
    pub fn spawn_generation(
        generation: usize,
        shared: &Path,
        folder: PathBuf,
        bootstrap: &Value,
        workers: usize,
    ) -> Self {
        let id = shared.join("base-id");
        let mut command = Command::new(binary());
        command.args(LOG_LEVELS).args(DRAIN_AT_ONCE);
        command.args(["--parent-shutdown-time-s", "2"]);
        match generation {
            0 => command
                .arg("--use-dynamic-base-id")
                .arg("--base-id-path")
                .arg(id),
            _ => {
                let id = fs::read_to_string(id).unwrap();
                let epoch = generation.to_string();
                command.args(["--base-id", id.trim_end(), "--restart-epoch", &epoch])
            }
        };
        Self::spawn_by(&command, folder, bootstrap, workers)
    }

    fn spawn_draining(drain: &[&str], folder: PathBuf, bootstrap: &Value, workers: usize) -> Self {
        let mut command = Command::new(binary());
        command.args(LOG_LEVELS).args(drain).arg(ALONE);
        Self::spawn_by(&command, folder, bootstrap, workers)
    }

    /// Starts an Envoy that has one worker and logs only warnings, as in production. If a core is
    /// given, Envoy runs only on that core.
    pub fn spawn_silent(core: Option<usize>, folder: PathBuf, bootstrap: &Value) -> Self {
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string()]).arg(binary());
                command
            }
            None => Command::new(binary()),
        };
        command.args(DRAIN_AT_ONCE).arg(ALONE);
        Self::spawn_by(&command, folder, bootstrap, 1)
    }

    fn spawn_by(command: &Command, folder: PathBuf, bootstrap: &Value, workers: usize) -> Self {
        let config = folder.join("bootstrap.json");
        fs::write(&config, bootstrap.to_string()).unwrap();
        let log = File::create(folder.join(LOG)).unwrap();
        let mut shell = Command::new("sh")
            .args(["-c", WATCH])
            .arg(&folder)
            .arg(command.get_program())
            .args(command.get_args())
            .arg("--config-path")
            .arg(config)
            .arg("--admin-address-path")
            .arg(folder.join(ADMIN))
            .args(["--concurrency", &workers.to_string()])
            .args(OPTIONS)
            .envs(library().parent().map(|folder| (LIBRARIES, folder)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut envoy = Self {
            folder,
            leash: shell.stdin.take(),
            shell,
            admin: unknown,
        };
        envoy.admin = envoy.await_admin();
        envoy
    }

    /// The folder of the process.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Envoy's process id.
    pub fn id(&self) -> u32 {
        self.written_id().unwrap()
    }

    fn written_id(&self) -> Option<u32> {
        let written = fs::read_to_string(self.folder.join("id")).ok()?;
        written.trim_end().parse().ok()
    }

    /// Returns whether Envoy has ended. Until the shell ends, an Envoy that has ended is a zombie:
    /// it still has its process id, but no `exe` link.
    pub fn has_ended(&self) -> bool {
        let program = |id| fs::read_link(format!("/proc/{id}/exe"));
        self.written_id().is_some_and(|id| program(id).is_err())
    }

    /// The body of an admin page.
    pub fn admin(&self, path: &str) -> String {
        let (status, body) = http::get(self.admin, path).unwrap_or_else(|e| self.fail(&e));
        assert_eq!(status, 200, "{path}");
        String::from_utf8(body).unwrap()
    }

    /// Returns whether Envoy reports that it is ready.
    pub fn is_ready(&self) -> bool {
        http::get(self.admin, "/ready").is_ok_and(|(status, _)| status == 200)
    }

    /// The value of a counter or gauge; `None` if Envoy has no such statistic.
    pub fn stat(&self, name: &str) -> Option<u64> {
        self.stats(name).remove(name)?.parse().ok()
    }

    /// The values of all statistics whose names start with this prefix.
    pub fn stats(&self, prefix: &str) -> BTreeMap<String, String> {
        let encoded: String = prefix
            .bytes()
            .map(|octet| format!("%5Cx{octet:02x}"))
            .collect();
        let page = self.admin(&format!("/stats?filter=%5E{encoded}"));
        let value = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.trim_matches('"').to_owned()))
        };
        page.lines().filter_map(value).collect()
    }

    /// Sets all counters to zero.
    pub fn reset_counters(&self) {
        let answer = http::exchange(self.admin, "POST", "/reset_counters");
        let (status, _) = answer.unwrap_or_else(|e| self.fail(&e));
        assert_eq!(status, 200);
    }

    /// Tells Envoy to exit normally, and waits until Envoy has ended.
    pub fn quit(&self) {
        let answer = http::exchange(self.admin, "POST", "/quitquitquit");
        let (status, _) = answer.unwrap_or_else(|e| self.fail(&e));
        assert_eq!(status, 200);
        self.wait_for("the end of Envoy", || self.has_ended().then_some(()));
    }

    /// The address of the gate's listener; `None` while there is no listener.
    pub fn listener(&self) -> Option<SocketAddr> {
        self.listeners().remove(bootstrap::LISTENER)
    }

    /// The address of each listener, by its name.
    pub fn listeners(&self) -> BTreeMap<String, SocketAddr> {
        let listeners: Value = serde_json::from_str(&self.admin("/listeners?format=json")).unwrap();
        let all = listeners["listener_statuses"].as_array();
        let address = |listener: &Value| {
            let socket = &listener["local_address"]["socket_address"];
            let port = u16::try_from(socket["port_value"].as_u64()?).ok()?;
            let name = listener["name"].as_str()?.to_owned();
            Some((name, SocketAddr::from(([127, 0, 0, 1], port))))
        };
        all.into_iter().flatten().filter_map(address).collect()
    }

    /// Everything that Envoy has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join(LOG)).unwrap()).into_owned()
    }

    /// Waits until `look` returns a value, and returns the value. Fails the test after a timeout.
    pub fn wait_for<T>(&self, expectation: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            if start.elapsed() > PATIENCE {
                self.fail(&format!("waited in vain for {expectation}"));
            }
            thread::sleep(POLL);
        }
    }

    /// Fails the test, and shows the end of the log.
    pub fn fail(&self, reason: &dyn std::fmt::Display) -> ! {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(40)..].join("\n");
        panic!("{reason}\n{end}\nsee {}", self.folder.display())
    }

    fn await_admin(&self) -> SocketAddr {
        let start = Instant::now();
        loop {
            let written = fs::read_to_string(self.folder.join(ADMIN)).unwrap_or_default();
            if let Ok(address) = written.parse() {
                return address;
            }
            if self.has_ended() || start.elapsed() > PATIENCE {
                self.fail(&"Envoy did not start");
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for EnvoyProcess {
    fn drop(&mut self) {
        if let Some(mut leash) = self.leash.take().filter(|_| thread::panicking()) {
            let _ = writeln!(leash, "keep");
            let _ = writeln!(io::stderr(), "Envoy's files: {}", self.folder.display());
        }
        // The shell ends Envoy and then exits. The shell may have exited already, so errors are
        // ignored.
        let _ = self.shell.wait();
    }
}
