//! Starts the Envoy under test, and the authorization server.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use portcullis::jose::Algorithm;
use serde_json::json;

use crate::{cases::Case, configuration, options::ENVOY_CORE};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::Build,
    envoy::{
        bootstrap::{cluster, socket},
        process::{EnvoyProcess, new_folder},
    },
    http,
    server::Server,
};
use workload::{self, JWKS_PATH, LOGIN};

/// Envoy with a listener for each case.
pub(crate) struct World {
    pub(crate) process: EnvoyProcess,
    addresses: BTreeMap<String, SocketAddr>,
    /// The time from the start of the process until Envoy reported that it is ready.
    pub(crate) time_to_ready: Duration,
    _login: Server,
}

impl World {
    /// Starts Envoy on its core, and waits until it is ready.
    pub(crate) fn start(cases: &[Case]) -> Self {
        Self::start_on(Some(ENVOY_CORE), cases)
    }

    /// Starts Envoy on the given core. `None` starts Envoy on all cores, as in production, where V8
    /// also compiles the module on all cores.
    pub(crate) fn start_on(core: Option<usize>, cases: &[Case]) -> Self {
        let script = AuthorizationServer::new();
        let keys = workload::key_set(Algorithm::Rs256);
        script.answer(JWKS_PATH, Answer::json(keys.to_string()));
        let login = script.listen().unwrap();
        let listeners: Vec<_> = cases.iter().map(configuration::listener).collect();
        let bootstrap = json!({
            "admin": { "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))) },
            "static_resources": {
                "clusters": [cluster(LOGIN, login.address())],
                "listeners": listeners,
            },
        });
        let start = Instant::now();
        let process = EnvoyProcess::spawn_silent(core, new_folder(), &bootstrap);
        while !process.is_ready() {
            assert!(start.elapsed() < http::PATIENCE, "Envoy is not ready");
            thread::sleep(Duration::from_millis(1));
        }
        let time_to_ready = start.elapsed();
        let addresses = process.wait_for("all listeners", || {
            Some(process.listeners()).filter(|addresses| addresses.len() == cases.len())
        });
        Self {
            process,
            addresses,
            time_to_ready,
            _login: login,
        }
    }

    /// The address of a case's listener.
    pub(crate) fn address(&self, case: &str) -> SocketAddr {
        self.addresses[case]
    }

    /// The value of a Portcullis metric for a case's listener.
    pub(crate) fn metric(&self, build: Build, case: &str, name: &str) -> u64 {
        let host = match build {
            Build::Wasm => "wasmcustom",
            Build::Native => "dynamicmodulescustom",
        };
        let name = format!("{host}.portcullis.{case}.{name}");
        self.process.stat(&name).unwrap_or_default()
    }
}
