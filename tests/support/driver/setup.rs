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
    /// A `google.protobuf.Struct`, whose numbers are all doubles. Envoy passes the `Struct` to the
    /// module in the protobuf encoding.
    Struct,
}

/// The settings of a gate. The defaults are one worker and no clusters.
#[derive(Clone, Default)]
pub struct Setup {
    /// The plugin configuration.
    pub configuration: Value,
    /// How Envoy's configuration wraps the plugin configuration.
    pub wrapping: Wrapping,
    /// Clusters, each with a scripted server.
    pub clusters: BTreeMap<String, AuthorizationServer>,
    /// Clusters, each with the address of a server that the test runs itself. Only Envoy can use
    /// such clusters.
    pub external_clusters: BTreeMap<String, SocketAddr>,
    /// Clusters, written as in Envoy's configuration. Only Envoy can use such clusters.
    pub configured_clusters: Vec<Value>,
    /// The number of worker threads; 0 means 1. With the proxy-wasm module, each worker has a VM,
    /// and the main thread has another VM.
    pub workers: usize,
    /// True if Envoy gives each new connection to the worker with the fewest connections. If false,
    /// the kernel chooses the worker. The fake host always uses its workers in turn.
    pub balanced: bool,
    /// How the listener treats the certificates of its peers; `None` means no TLS. The fake host
    /// does not support TLS.
    pub peers: Option<Peers>,
    /// What the connection manager does with `x-forwarded-client-cert`; `None` means Envoy's
    /// default. The fake host always passes the header on.
    pub forward_client_cert_details: Option<&'static str>,
    /// True if connections stay open when their configuration is replaced. If false, Envoy closes
    /// the connections.
    pub keeps_connections: bool,
    /// True if the gate has its own process, which starts and ends with the gate. A test needs this
    /// setting if it examines how Envoy starts, or examines the process as a whole. If false,
    /// several gates share a process, one after another.
    pub alone: bool,
    /// The `proxy_*` host calls and callbacks that the proxy-wasm module may use; `None` allows
    /// all. Envoy cannot restrict the dynamic module in this way.
    pub capabilities: Option<Vec<String>>,
    /// The maximum size of a request's headers, in KiB; 0 means Envoy's default of 60.
    pub request_headers_kib: u32,
    /// True if the filter receives the body while it holds back the headers
    /// (`allow_on_headers_stop_iteration`). In the fake host, the filter always receives the body.
    pub stops_headers_alone: bool,
    /// The names of the filter state entries to report in
    /// [`Exchange::filter_state`](super::Exchange::filter_state). The names do not include the
    /// prefix `wasm.`.
    pub filter_state: Vec<String>,
    /// The names of the request headers to report in [`Exchange::logged`](super::Exchange::logged).
    /// Only Envoy has an access log.
    pub logged: Vec<String>,
    /// The virtual hosts with their routes. If the list is empty, a single route matches all
    /// requests.
    pub virtual_hosts: Vec<VirtualHost>,
    /// The filter state entries that another filter sets before the module runs. The map assigns to
    /// each entry's key the name of the request header that contains the value.
    pub preset_filter_state: BTreeMap<String, String>,
    /// The filters before Portcullis, as in Envoy's configuration. Only Envoy can run them.
    pub filters_ahead: Vec<Value>,
    /// The filters after Portcullis, as in Envoy's configuration. Only Envoy can run them.
    pub filters_behind: Vec<Value>,
    /// The `vm_id`. Proxy-wasm modules with the same `vm_id` share memory. `None` means that the
    /// gate gets a new `vm_id`. No two tests may use the same `vm_id`, because one process can run
    /// the gates of several tests.
    pub vm_id: Option<String>,
    /// The path of the module that Envoy loads, for either build; `None` means Portcullis. The fake
    /// host always runs Portcullis.
    pub module: Option<PathBuf>,
    /// The folder in which a test creates a file to make the module panic. The module must be a
    /// dynamic module that was built with the feature `defects`. If this field is `None`, every
    /// panic fails the test.
    pub defects: Option<PathBuf>,
    /// The build of Portcullis that Envoy runs. The driver sets this field.
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
    /// The routes. The first route that matches a request is used.
    pub routes: Vec<Route>,
}

/// A route to the protected service.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The prefix of the path.
    pub prefix: String,
    /// The name and the value of a header that the request must have.
    pub header: Option<(String, String)>,
    /// The name of a filter state entry that the request must have, and a text that the entry's
    /// value must contain. Only Envoy supports this condition.
    pub filter_state: Option<(String, String)>,
    /// The metadata in the namespace `portcullis`; `None` means no metadata at all.
    pub metadata: Option<Value>,
    /// True if the route's metadata is the only place that contains the policy. The dynamic module
    /// does not read policies from the metadata.
    pub is_in_wasm_form: bool,
}

impl VirtualHost {
    /// Creates a virtual host for every name that no other virtual host has.
    pub fn any(routes: impl IntoIterator<Item = Route>) -> Self {
        Self::new("*", routes)
    }

    /// Creates a virtual host for this host name.
    pub fn new(domain: &str, routes: impl IntoIterator<Item = Route>) -> Self {
        let (domain, routes) = (domain.to_owned(), routes.into_iter().collect());
        Self { domain, routes }
    }
}

impl Route {
    /// Creates a route without metadata for all paths with this prefix.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            header: None,
            filter_state: None,
            metadata: None,
            is_in_wasm_form: false,
        }
    }

    /// Limits the route to requests with a filter state entry that has this key and contains this
    /// text.
    pub fn with_filter_state(self, key: &str, text: &str) -> Self {
        Self {
            filter_state: Some((key.to_owned(), text.to_owned())),
            ..self
        }
    }

    /// Puts the policy only into the route's metadata. The dynamic module does not read policies
    /// from the metadata.
    pub fn in_wasm_form(self) -> Self {
        Self {
            is_in_wasm_form: true,
            ..self
        }
    }

    /// Gives the route a policy for the module.
    pub fn saying(self, metadata: Value) -> Self {
        Self {
            metadata: Some(metadata),
            ..self
        }
    }

    /// Limits the route to requests with this header and this value.
    pub fn with_header(self, name: &str, value: &str) -> Self {
        Self {
            header: Some((name.to_owned(), value.to_owned())),
            ..self
        }
    }
}

impl Setup {
    /// Creates the settings of a gate with one worker, no clusters and all capabilities.
    pub fn new(configuration: Value) -> Self {
        Self {
            configuration,
            ..Self::default()
        }
    }

    /// Adds a cluster that contains this scripted server.
    pub fn cluster(mut self, name: &str, server: &AuthorizationServer) -> Self {
        self.clusters.insert(name.to_owned(), server.clone());
        self
    }

    /// Adds a cluster that contains the server at this address.
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

    /// Gives the gate its own process.
    pub fn alone(self) -> Self {
        Self {
            alone: true,
            ..self
        }
    }

    /// Allows the module only these capabilities.
    pub fn capabilities<S: Into<String>>(self, allowed: impl IntoIterator<Item = S>) -> Self {
        Self {
            capabilities: Some(allowed.into_iter().map(Into::into).collect()),
            ..self
        }
    }
}
