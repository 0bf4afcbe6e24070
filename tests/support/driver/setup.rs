//! The configuration of a gate and of everything around it.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde_json::Value;

use crate::{authorization_server::AuthorizationServer, tls::Peers};

/// How Envoy's configuration wraps the plugin configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrapping {
    /// A `google.protobuf.StringValue` that contains the configuration as JSON.
    #[default]
    Text,
    /// A `google.protobuf.Struct`, whose numbers are all doubles. Envoy passes the protobuf
    /// encoding to the module.
    Struct,
}

/// The settings of a gate. Their defaults give one worker and no clusters.
#[derive(Clone, Default)]
pub struct Setup {
    /// The plugin configuration.
    pub configuration: Value,
    /// How Envoy's configuration wraps the plugin configuration.
    pub wrapping: Wrapping,
    /// Clusters, each with a scripted server.
    pub clusters: BTreeMap<String, AuthorizationServer>,
    /// Clusters, each with the address of a server that the test runs itself. Only Envoy can use
    /// them.
    pub external_clusters: BTreeMap<String, SocketAddr>,
    /// Clusters in the form of Envoy's configuration. The fake host has none.
    pub configured_clusters: Vec<Value>,
    /// The number of worker threads; 0 means 1. In the proxy-wasm build, each worker and the main
    /// thread have a VM.
    pub workers: usize,
    /// Whether Envoy gives each new connection to the worker that has the fewest connections.
    /// Otherwise the kernel chooses the worker. The fake host always uses its workers in turn.
    pub balanced: bool,
    /// How the listener treats certificates of its peers; `None` means no TLS. The fake host has no
    /// TLS.
    pub peers: Option<Peers>,
    /// What the connection manager does with `x-forwarded-client-cert`; `None` means Envoy's
    /// default. The fake host passes the header on.
    pub forward_client_cert_details: Option<&'static str>,
    /// Whether connections outlive the configuration that they began with. Otherwise Envoy closes
    /// them as soon as the configuration is replaced.
    pub keeps_connections: bool,
    /// Whether the gate has its own process, which starts and ends with the gate. A test that
    /// examines the start of Envoy or the whole process needs it. Other gates share a process, one
    /// after another.
    pub alone: bool,
    /// The allowed `proxy_*` calls and callbacks; `None` allows all. Only WebAssembly has such
    /// capabilities.
    pub capabilities: Option<Vec<String>>,
    /// The limit for a request's headers in KiB; 0 means Envoy's default of 60.
    pub request_headers_kib: u32,
    /// Whether the filter receives the body while it holds back the headers
    /// (`allow_on_headers_stop_iteration`). The fake host always passes the body on.
    pub stops_headers_alone: bool,
    /// The filter state to report in [`Exchange::filter_state`](super::Exchange::filter_state),
    /// without the prefix `wasm.`.
    pub filter_state: Vec<String>,
    /// The request headers to report in [`Exchange::logged`](super::Exchange::logged). Only Envoy
    /// has an access log.
    pub logged: Vec<String>,
    /// The routes by host, with their metadata. If empty, one route takes all requests.
    pub virtual_hosts: Vec<VirtualHost>,
    /// The filter state that another filter sets before the module runs: for each key, the request
    /// header that contains the value.
    pub preset_filter_state: BTreeMap<String, String>,
    /// The filters before Portcullis, in the form of Envoy's configuration. The fake host has none.
    pub filters_ahead: Vec<Value>,
    /// The filters after Portcullis, in the form of Envoy's configuration. The fake host has none.
    pub filters_behind: Vec<Value>,
    /// The `vm_id`: WebAssembly modules with the same one share memory. `None` chooses a new one.
    /// No two tests may use the same `vm_id`, because one process can run the gates of several
    /// tests.
    pub vm_id: Option<String>,
    /// The proxy-wasm module or the dynamic module that Envoy loads; `None` means Portcullis. The
    /// fake host always runs Portcullis.
    pub module: Option<PathBuf>,
    /// A folder for a dynamic module that was built with defects: if a test creates a file there,
    /// the module panics on purpose. With `None`, a panic fails the test.
    pub defects: Option<PathBuf>,
    /// The build of Portcullis that Envoy runs. The driver sets it.
    pub build: Build,
}

/// The two builds of Portcullis that Envoy can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The host name. `*` matches every name that no other virtual host has.
    pub domain: String,
    /// The routes. The first one that matches is used.
    pub routes: Vec<Route>,
}

/// A route to the protected service.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The prefix of the path.
    pub prefix: String,
    /// A header that the request must have with this value.
    pub header: Option<(String, String)>,
    /// A filter state entry that must have this value. Only Envoy supports it.
    pub filter_state: Option<(String, String)>,
    /// The metadata in the namespace `portcullis`; `None` means no metadata at all.
    pub metadata: Option<Value>,
    /// Whether the policy is in the route's metadata even if Envoy runs the dynamic module, which
    /// does not read it there.
    pub is_in_wasm_form: bool,
}

impl VirtualHost {
    /// Routes for all host names that no other virtual host has.
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

    /// Limits the route to requests whose filter state has this value.
    pub fn with_filter_state(self, key: &str, text: &str) -> Self {
        Self {
            filter_state: Some((key.to_owned(), text.to_owned())),
            ..self
        }
    }

    /// Puts the policy into the route's metadata even if Envoy runs the dynamic module, which does
    /// not read it there.
    pub fn in_wasm_form(self) -> Self {
        Self {
            is_in_wasm_form: true,
            ..self
        }
    }

    /// Adds metadata for the module, which is the route's policy.
    pub fn saying(self, metadata: Value) -> Self {
        Self {
            metadata: Some(metadata),
            ..self
        }
    }

    /// Limits the route to requests that have this header with this value.
    pub fn with_header(self, name: &str, value: &str) -> Self {
        Self {
            header: Some((name.to_owned(), value.to_owned())),
            ..self
        }
    }
}

impl Setup {
    /// A gate with one worker, no clusters and all capabilities.
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

    /// Sets the number of workers and distributes connections evenly between them.
    pub fn balanced_workers(self, workers: usize) -> Self {
        Self {
            workers,
            balanced: true,
            ..self
        }
    }

    /// Requests a separate process for the gate.
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
