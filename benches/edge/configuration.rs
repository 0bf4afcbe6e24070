//! The Envoy configuration of the listeners, each with the filter of its case.

use std::{net::SocketAddr, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    cases::{Case, Filter},
    options,
};
use support::{
    driver::{Build, Setup, Wrapping},
    envoy::{
        self,
        bootstrap::{self, socket, wasm_filter},
    },
};
use workload::{Backend, jwt_authn, portcullis};

/// The path of the Wasm module that does nothing.
pub(crate) fn noop_module() -> PathBuf {
    options::folder().join("noop.wasm")
}

/// A listener for a case.
pub(crate) fn listener(case: &Case) -> Value {
    let mut filters: Vec<Value> = filter(case).into_iter().collect();
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        },
    }));
    let answer = json!({ "status": 200, "body": { "inline_string": "ok" } });
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "route_config": { "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "direct_response": answer }],
        }] },
        "http_filters": filters,
    });
    json!({
        "name": case.id,
        "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))),
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager,
        }] }],
    })
}

fn filter(case: &Case) -> Option<Value> {
    match &case.filter {
        Filter::None => None,
        Filter::Noop(Build::Wasm) => {
            let module = Some(noop_module());
            Some(module_filter(&case.id, module, None, &json!({})))
        }
        Filter::Noop(Build::Native) => {
            let library = options::folder().join("libnoop.so");
            Some(library_filter(library, &json!({})))
        }
        Filter::JwtAuthn(gate) => Some(jwt_authn(gate)),
        Filter::Portcullis(Build::Wasm, gate, backend) => {
            let configuration = portcullis(gate, *backend, &case.id);
            let capabilities = Some(capabilities());
            Some(module_filter(&case.id, None, capabilities, &configuration))
        }
        Filter::Portcullis(Build::Native, gate, backend) => {
            let configuration = portcullis(gate, *backend, &case.id);
            Some(library_filter(envoy::library(), &configuration))
        }
        Filter::Timed(gate) => {
            let library = options::folder().join("libtimed.so");
            let configuration = portcullis(gate, Backend::Auto, &case.id);
            Some(library_filter(library, &configuration))
        }
    }
}

/// The filter that runs the dynamic module in the file `library`.
fn library_filter(library: PathBuf, configuration: &Value) -> Value {
    let setup = Setup {
        build: Build::Native,
        wrapping: Wrapping::Struct,
        module: Some(library),
        ..Setup::default()
    };
    bootstrap::filter(&setup, configuration)
}

/// A Wasm filter in a separate VM, so that cases do not share memory.
fn module_filter(
    id: &str,
    module: Option<PathBuf>,
    capabilities: Option<Vec<String>>,
    configuration: &Value,
) -> Value {
    let setup = Setup {
        wrapping: Wrapping::Struct,
        module,
        capabilities,
        ..Setup::default()
    };
    let mut filter = wasm_filter(&setup, configuration);
    filter["typed_config"]["config"]["vm_config"]["vm_id"] = json!(id);
    filter
}

/// The capabilities that `envoy/demo.yaml` allows.
fn capabilities() -> Vec<String> {
    include_str!("../../envoy/demo.yaml")
        .lines()
        .filter_map(|line| line.trim().strip_suffix(": {}"))
        .filter(|name| name.starts_with("proxy_"))
        .map(str::to_owned)
        .collect()
}
