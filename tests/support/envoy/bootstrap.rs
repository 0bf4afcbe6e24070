//! Builds Envoy's configuration for a gate, as JSON.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{discovery::Kind, library, library_name, module, version};
use crate::{
    driver::{Build, Route, Setup, VirtualHost, Wrapping},
    tls,
};

/// The cluster of the protected service.
pub const UPSTREAM: &str = "upstream";
/// The name of the listener, and the prefix of its statistics.
pub const LISTENER: &str = "ingress";
/// The `vm_id` in a process that serves a single gate.
pub const VM_ID: &str = "portcullis-test";
/// Envoy's own default for `max_request_headers_kb`.
const REQUEST_HEADERS_KIB: u32 = 60;

/// The configuration of a warm process. Such a process starts without a gate, and receives its
/// listeners and clusters later.
pub fn warm(folder: &Path, build: Build) -> Value {
    let mut bootstrap = json!({
        "node": { "id": "test", "cluster": "test" },
        "admin": { "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))) },
        "dynamic_resources": {
            "lds_config": Kind::Listeners.source(folder),
            "cds_config": Kind::Clusters.source(folder),
        },
    });
    if build == Build::Wasm {
        bootstrap["bootstrap_extensions"] = json!([loaded_module()]);
    }
    bootstrap
}

/// A bootstrap extension that keeps the proxy-wasm module loaded while no listener uses it.
fn loaded_module() -> Value {
    let setup = Setup {
        vm_id: Some("warm".to_owned()),
        ..Setup::default()
    };
    let filter = wasm_filter(
        &setup,
        &json!({ "rules": [{ "match": { "prefix": "/" } }] }),
    );
    let service = json!({
        "@type": "type.googleapis.com/envoy.extensions.wasm.v3.WasmService",
        "singleton": true,
        "config": filter["typed_config"]["config"],
    });
    json!({ "name": "envoy.bootstrap.wasm", "typed_config": service })
}

/// The configuration of a process. The listener is in a separate file.
pub fn bootstrap(folder: &Path, clusters: &[Value]) -> Value {
    json!({
        "node": { "id": "test", "cluster": "test" },
        "admin": { "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))) },
        "static_resources": { "clusters": clusters },
        "dynamic_resources": { "lds_config": Kind::Listeners.source(folder) },
    })
}

/// The listener, as a discovery service would send it to Envoy.
pub fn listener(folder: &Path, setup: &Setup, configuration: &Value) -> Value {
    let mut connection_manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": LISTENER,
        "max_request_headers_kb": match setup.request_headers_kib {
            0 => REQUEST_HEADERS_KIB,
            limit => limit,
        },
        "access_log": [access_log(folder, setup)],
        "http_protocol_options": { "enable_trailers": true },
        "upgrade_configs": [{ "upgrade_type": "CONNECT" }],
        "route_config": { "virtual_hosts": virtual_hosts(setup) },
        "http_filters": http_filters(setup, configuration),
    });
    if let Some(details) = setup.forward_client_cert_details {
        connection_manager["forward_client_cert_details"] = json!(details);
    }
    let filter = json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": connection_manager,
    });
    let mut listener = json!({
        "name": LISTENER,
        "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))),
        "filter_chains": [{ "filters": [filter] }],
    });
    if let Some(peers) = setup.peers {
        listener["filter_chains"][0]["transport_socket"] = tls::listener(peers);
    }
    if setup.balanced {
        listener["connection_balance_config"] = json!({ "exact_balance": {} });
    }
    listener
}

fn virtual_hosts(setup: &Setup) -> Vec<Value> {
    let all = [VirtualHost::any([Route::new("/")])];
    let hosts = match &setup.virtual_hosts[..] {
        [] => &all,
        hosts => hosts,
    };
    let route = |numbered: (usize, &Route)| route(numbered, setup);
    let host = |host: &VirtualHost| {
        let mut routes: Vec<_> = host.routes.iter().enumerate().map(route).collect();
        let to_upstream = json!({ "cluster": UPSTREAM });
        routes.push(json!({ "match": { "connect_matcher": {} }, "route": to_upstream }));
        json!({ "name": host.domain, "domains": [host.domain], "routes": routes })
    };
    hosts.iter().map(host).collect()
}

fn route((index, route): (usize, &Route), setup: &Setup) -> Value {
    let name = index.to_string();
    let mut configured = json!({
        "name": name,
        "match": { "prefix": route.prefix },
        "route": { "cluster": UPSTREAM },
    });
    if let Some((name, value)) = &route.header {
        let exact = json!({ "name": name, "string_match": { "exact": value } });
        configured["match"]["headers"] = json!([exact]);
    }
    if let Some((key, text)) = &route.filter_state {
        let contains = json!({ "key": key, "string_match": { "contains": text } });
        configured["match"]["filter_state"] = json!([contains]);
    }
    if let Some(metadata) = &route.metadata {
        configured["metadata"] = json!({ "filter_metadata": { "portcullis": metadata } });
        if setup.build == Build::Native && !route.is_in_wasm_form {
            configured["typed_per_filter_config"] = json!({ NATIVE_FILTER: {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute",
                "dynamic_module_config": dynamic_module(setup),
                "filter_name": "portcullis",
                "filter_config": configuration(metadata, policy_wrapping()),
            } });
        }
    }
    configured
}

/// How Envoy's configuration wraps a route's policy for the dynamic module. Envoy versions before
/// 1.39 would pass a `Struct` to the module in the protobuf encoding, so they get the policy as a
/// string.
fn policy_wrapping() -> Wrapping {
    match version() >= (1, 39) {
        true => Wrapping::Struct,
        false => Wrapping::Text,
    }
}

fn http_filters(setup: &Setup, configuration: &Value) -> Vec<Value> {
    let mut filters = setup.filters_ahead.clone();
    filters.extend(preset_filter_state(&setup.preset_filter_state));
    filters.push(filter(setup, configuration));
    filters.extend(setup.filters_behind.iter().cloned());
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            "suppress_envoy_headers": true,
        },
    }));
    filters
}

fn preset_filter_state(preset: &BTreeMap<String, String>) -> Option<Value> {
    let value = |(key, header): (&String, &String)| {
        json!({
            "object_key": key,
            "factory_key": "envoy.string",
            "skip_if_empty": true,
            "format_string": { "text_format_source": {
                "inline_string": format!("%REQ({header})%"),
            }, "omit_empty_values": true },
        })
    };
    (!preset.is_empty()).then(|| {
        json!({
            "name": "envoy.filters.http.set_filter_state",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
                "on_request_headers": preset.iter().map(value).collect::<Vec<_>>(),
            },
        })
    })
}

/// The Portcullis filter with its configuration.
pub fn filter(setup: &Setup, configuration: &Value) -> Value {
    match setup.build {
        Build::Wasm => wasm_filter(setup, configuration),
        Build::Native => native_filter(setup, configuration),
    }
}

/// The name of the dynamic module's filter.
const NATIVE_FILTER: &str = "portcullis";

/// The field that tells Envoy which library to load. It contains the library's path, or the
/// library's name if this version of Envoy does not support paths.
fn dynamic_module(setup: &Setup) -> Value {
    let library = setup.module.clone().unwrap_or_else(library);
    match version() >= (1, 40) {
        true => json!({ "module": { "local": { "filename": library } }, "do_not_close": true }),
        false => json!({ "name": library_name(), "do_not_close": true }),
    }
}

fn native_filter(setup: &Setup, written: &Value) -> Value {
    json!({
        "name": NATIVE_FILTER,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": dynamic_module(setup),
            "filter_name": "portcullis",
            "filter_config": configuration(written, setup.wrapping),
        },
    })
}

fn configuration(written: &Value, wrapping: Wrapping) -> Value {
    match wrapping {
        Wrapping::Text => json!({
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": written.to_string(),
        }),
        Wrapping::Struct => json!({
            "@type": "type.googleapis.com/google.protobuf.Struct",
            "value": written,
        }),
    }
}

/// The proxy-wasm module's filter with its configuration.
pub fn wasm_filter(setup: &Setup, written: &Value) -> Value {
    let configuration = configuration(written, setup.wrapping);
    let mut config = json!({
        "name": "portcullis",
        "vm_config": {
            "vm_id": setup.vm_id.as_deref().unwrap_or(VM_ID),
            "runtime": "envoy.wasm.runtime.v8",
            "code": { "local": { "filename": setup.module.clone().unwrap_or_else(module) } },
        },
        "configuration": configuration,
        "failure_policy": "FAIL_CLOSED",
    });
    if setup.stops_headers_alone {
        config["allow_on_headers_stop_iteration"] = json!(true);
    }
    if let Some(allowed) = &setup.capabilities {
        let allowed: BTreeMap<_, _> = allowed.iter().map(|name| (name, json!({}))).collect();
        config["capability_restriction_config"] = json!({ "allowed_capabilities": allowed });
    }
    json!({
        "name": "envoy.filters.http.wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": config,
        },
    })
}

/// The filter of [`wasm_filter`], but in another VM with the same `vm_id`.
pub fn wasm_filter_of_another_vm(setup: &Setup, configuration: &Value) -> Value {
    let mut filter = wasm_filter(setup, configuration);
    filter["typed_config"]["config"]["vm_config"]["configuration"] = json!({
        "@type": "type.googleapis.com/google.protobuf.StringValue", "value": "another VM",
    });
    filter
}

/// The path of a gate's access log. A process writes a separate file for each gate.
pub fn access_log_file(folder: &Path, setup: &Setup) -> PathBuf {
    let vm_id = setup.vm_id.as_deref().unwrap_or(VM_ID);
    folder.join(format!("access-{vm_id}.log"))
}

/// The configuration of Envoy's access log. The log has one line for each request. Tests find the
/// line of a request by the client's address and port, so a connection must never carry two pending
/// requests.
fn access_log(folder: &Path, setup: &Setup) -> Value {
    let prefix = match setup.build {
        Build::Wasm => "wasm.",
        Build::Native => "",
    };
    let state = |name: &String| {
        (
            name.clone(),
            format!("%FILTER_STATE({prefix}{name}:PLAIN)%"),
        )
    };
    let state: BTreeMap<_, _> = setup.filter_state.iter().map(state).collect();
    let header = |name: &String| (name.clone(), format!("%REQ({name})%"));
    let headers: BTreeMap<_, _> = setup.logged.iter().map(header).collect();
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": access_log_file(folder, setup),
            "log_format": { "json_format": {
                "client": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "route": "%METADATA(ROUTE:portcullis)%",
                "filter_state": state,
                "headers": headers,
            } },
        },
    })
}

/// A cluster with one address.
pub fn cluster(name: &str, address: SocketAddr) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {
                    "http_protocol_options": { "enable_trailers": true },
                },
            },
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": socket(address) } }] }],
        },
    })
}

/// An address, written as in Envoy's configuration.
pub fn socket(address: SocketAddr) -> Value {
    json!({ "socket_address": {
        "address": address.ip().to_string(),
        "port_value": address.port(),
    } })
}
