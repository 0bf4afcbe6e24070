//! What a gate is started with.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde_json::Value;

use crate::authorization_server::AuthorizationServer;

/// How Envoy's configuration wraps the plugin configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrapping {
    /// `google.protobuf.StringValue` that holds the JSON text.
    #[default]
    Text,
    /// `google.protobuf.Struct`: Envoy passes its wire format, not JSON. Its numbers are doubles.
    Struct,
}

/// Everything that a gate is made of.
#[derive(Clone, Default)]
pub struct Setup {
    /// The plugin configuration.
    pub configuration: Value,
    /// How the host passes it to the module.
    pub wrapping: Wrapping,
    /// Clusters with a scripted server behind each.
    pub clusters: BTreeMap<String, AuthorizationServer>,
    /// Clusters with a server behind each that the test runs itself. Only Envoy reaches them.
    pub external_clusters: BTreeMap<String, SocketAddr>,
    /// Worker threads; 0 means 1. In WebAssembly, each has a VM, and so has the main thread.
    pub workers: usize,
    /// Whether Envoy gives each new connection to the worker that has the fewest. Otherwise the kernel chooses.
    /// The fake host always gives requests to its workers in turn.
    pub balanced: bool,
    /// Whether connections of a replaced configuration stay open for longer than any test takes, and an update
    /// does not wait for their end. Otherwise Envoy closes them at once.
    pub keeps_connections: bool,
    /// Whether the gate has a process of its own, which starts and ends with it. A test needs one if it looks at
    /// the start or at the whole process. Other gates follow each other in one process.
    pub alone: bool,
    /// The `proxy_*` calls and callbacks that are allowed; `None` allows all. Only WebAssembly has them.
    pub capabilities: Option<Vec<String>>,
    /// The limit of a request's headers in KiB; 0 is Envoy's default of 60.
    pub request_headers_kib: u32,
    /// Whether the filter gets the body while it holds the headers back (`allow_on_headers_stop_iteration`). The
    /// fake host always passes it on.
    pub stops_headers_alone: bool,
    /// Filter state (without `wasm.`) to report in [`Exchange::filter_state`](super::Exchange::filter_state).
    pub filter_state: Vec<String>,
    /// Headers of the request to report in [`Exchange::logged`](super::Exchange::logged). Only Envoy has an access log.
    pub logged: Vec<String>,
    /// Where requests are routed, and the metadata of the routes. Without any, one route takes all requests.
    pub virtual_hosts: Vec<VirtualHost>,
    /// Filter state that another filter sets before the module's, each from a request's header.
    pub preset_filter_state: BTreeMap<String, String>,
    /// Filters ahead of the gate's, in the form of Envoy's configuration. The fake host has none.
    pub filters_ahead: Vec<Value>,
    /// Filters behind the gate's, in the form of Envoy's configuration. The fake host has none.
    pub filters_behind: Vec<Value>,
    /// The `vm_id` under which WebAssembly modules share memory. `None` chooses a new one. A test that names one
    /// must be the only one that does, since gates follow each other in a process.
    pub vm_id: Option<String>,
    /// The module that Envoy loads; `None` is the product's. The fake host is linked with the product's.
    pub module: Option<PathBuf>,
    /// The build of the product that Envoy runs. The driver sets it.
    pub build: Build,
}

/// The two builds of the product that Envoy runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// The proxy-wasm module.
    #[default]
    Wasm,
    /// The dynamic module.
    Native,
}

/// The routes of one host name.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualHost {
    /// The name, or `*` for every other name.
    pub domain: String,
    /// The first route that matches counts.
    pub routes: Vec<Route>,
}

/// A route to the protected service.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The start of the path.
    pub prefix: String,
    /// A header that the request must have with this value.
    pub header: Option<(String, String)>,
    /// Filter state that must hold this text. Only Envoy has it.
    pub filter_state: Option<(String, String)>,
    /// Metadata in the namespace `portcullis`; `None` is no metadata at all.
    pub metadata: Option<Value>,
    /// Whether the policy is written for the proxy-wasm module only: as metadata, whatever the build.
    pub is_in_wasm_form: bool,
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
    /// A route without metadata.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            header: None,
            filter_state: None,
            metadata: None,
            is_in_wasm_form: false,
        }
    }

    /// Adds filter state that must hold this text.
    pub fn with_filter_state(self, key: &str, text: &str) -> Self {
        Self {
            filter_state: Some((key.to_owned(), text.to_owned())),
            ..self
        }
    }

    /// Leaves the policy in the proxy-wasm module's form.
    pub fn in_wasm_form(self) -> Self {
        Self {
            is_in_wasm_form: true,
            ..self
        }
    }

    /// Adds metadata for the module.
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

    /// Sets the number of workers and balances the connections between them.
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

    /// Allows only these capabilities.
    pub fn capabilities<S: Into<String>>(self, allowed: impl IntoIterator<Item = S>) -> Self {
        Self {
            capabilities: Some(allowed.into_iter().map(Into::into).collect()),
            ..self
        }
    }
}
