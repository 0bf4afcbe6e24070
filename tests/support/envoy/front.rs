//! Additional Envoys for tests with TLS. A [`Front`] runs proxies between TLS clients and a gate. A
//! [`TlsServer`] terminates TLS for a server without TLS.

use std::{
    io::{self, BufReader, Write as _},
    net::SocketAddr,
};

use serde_json::{Value, json};

use super::{
    bootstrap,
    discovery::Kind,
    process::{self, EnvoyProcess},
};
use crate::{
    driver::{Build, Request},
    http::{self, Message},
    tls::{self, FRONT, Identity, Peers},
};

/// The servers to which a client can connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The gate itself.
    Gate,
    /// A proxy that replaces `x-forwarded-client-cert` with one element, which contains the digest
    /// and the subject of the client's certificate.
    Front,
    /// A proxy that replaces `x-forwarded-client-cert` with one element, which contains the digest
    /// and the URI of the client's certificate.
    FrontWithUri,
    /// A proxy that appends an element to `x-forwarded-client-cert`. The element contains the
    /// digest of the client's certificate.
    AppendingFront,
}

/// The proxies. Each has the [`Target`] by which tests select it, a name, and settings for
/// `x-forwarded-client-cert`.
const FRONTS: [(Target, &str, &str, &[&str]); 3] = [
    (Target::Front, "front", "SANITIZE_SET", &["subject"]),
    (Target::FrontWithUri, "uri", "SANITIZE_SET", &["uri"]),
    (Target::AppendingFront, "appending", "APPEND_FORWARD", &[]),
];

/// Proxies in front of a gate, and a tunnel for each client. The tunnel opens the TLS connection on
/// the client's behalf.
pub struct Front {
    process: EnvoyProcess,
    clients: Vec<(Option<Identity>, Target)>,
}

impl Front {
    /// Starts proxies in front of the gate at this address. For each client, `clients` contains the
    /// client's certificate, if any, and the server to which the client connects.
    pub fn start(gate: SocketAddr, clients: &[(Option<Identity>, Target)]) -> Self {
        let folder = process::new_folder();
        let tunnels = (0..clients.len()).map(|number| tunnel(&tunnel_name(number)));
        let fronts = FRONTS
            .iter()
            .map(|(_, name, details, names)| front(name, details, names));
        let listeners: Vec<_> = tunnels.chain(fronts).collect();
        Kind::Listeners.offer(&folder, &listeners);
        Kind::Clusters.offer(&folder, &[]);
        let bootstrap = bootstrap::warm(&folder, Build::Native);
        let process = EnvoyProcess::spawn(folder, &bootstrap, 1);
        let addresses = process.wait_for("the listeners", || {
            let found = process.listeners();
            (found.len() == listeners.len()).then_some(found)
        });
        let address = |target: Target| {
            let front = FRONTS.iter().find(|(own, ..)| *own == target);
            front.map_or(gate, |(_, name, ..)| addresses[*name])
        };
        let mut clusters = vec![secured("gate", gate, Some(FRONT))];
        for (number, (identity, target)) in clients.iter().enumerate() {
            clusters.push(secured(&tunnel_name(number), address(*target), *identity));
        }
        let offer = Kind::Clusters.offer(process.folder(), &clusters);
        process.wait_for("the clusters", || offer.is_taken(&process).then_some(()));
        let clients = clients.to_vec();
        Self { process, clients }
    }

    /// Sends a request as one of the clients. Returns an error if the connection ends without an
    /// answer. That happens when one side rejects the other side's certificate.
    pub fn send(&self, client: usize, request: &Request) -> io::Result<(u16, Message)> {
        assert!(client < self.clients.len(), "no such client");
        let address = self.process.listeners()[&tunnel_name(client)];
        let mut connection = http::connect(address)?;
        connection.write_all(&request.on_the_wire())?;
        http::read_response(&mut BufReader::new(connection), &request.method)
    }
}

/// An Envoy that terminates TLS for a server without TLS.
pub struct TlsServer(EnvoyProcess);

impl TlsServer {
    /// Starts an Envoy that terminates TLS for the server at this address.
    pub fn start(server: SocketAddr) -> Self {
        let mut listener = tunnel("server");
        listener["filter_chains"][0]["transport_socket"] = tls::listener(Peers::Optional);
        let folder = process::new_folder();
        Kind::Listeners.offer(&folder, &[listener]);
        let clusters = [bootstrap::cluster("server", server)];
        let bootstrap = bootstrap::bootstrap(&folder, &clusters);
        let process = EnvoyProcess::spawn(folder, &bootstrap, 1);
        process.wait_for("the listener", || process.listeners().remove("server"));
        Self(process)
    }

    /// The address for TLS connections.
    pub fn address(&self) -> SocketAddr {
        self.0.listeners()["server"]
    }
}

fn tunnel_name(number: usize) -> String {
    format!("client-{number}")
}

/// A listener that forwards connections to the cluster with the listener's name.
fn tunnel(name: &str) -> Value {
    let proxy = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": name,
        "cluster": name,
    });
    let filter = json!({ "name": "envoy.filters.network.tcp_proxy", "typed_config": proxy });
    listener(name, &json!({ "filters": [filter] }))
}

fn front(name: &str, details: &str, names: &[&str]) -> Value {
    let written: serde_json::Map<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(true)))
        .collect();
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "forward_client_cert_details": details,
        "set_current_client_cert_details": written,
        "route_config": {
            "validate_clusters": false,
            "virtual_hosts": [{
                "name": "gate",
                "domains": ["*"],
                "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "gate" } }],
            }],
        },
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            },
        }],
    });
    let filter = json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": manager,
    });
    let socket = tls::listener(Peers::Validated);
    listener(
        name,
        &json!({ "filters": [filter], "transport_socket": socket }),
    )
}

fn listener(name: &str, chain: &Value) -> Value {
    let address = bootstrap::socket(SocketAddr::from(([127, 0, 0, 1], 0)));
    json!({ "name": name, "address": address, "filter_chains": [chain] })
}

fn secured(name: &str, address: SocketAddr, identity: Option<Identity>) -> Value {
    let mut cluster = bootstrap::cluster(name, address);
    cluster["transport_socket"] = tls::cluster(identity);
    cluster
}
