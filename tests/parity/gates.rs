//! Runs a single Envoy for all configurations. Each configuration has two listeners: one with
//! `jwt_authn`, and one with the module.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::{SystemTime, UNIX_EPOCH},
};

use portcullis_cli::migrate;
use serde_json::{Value, json};

use crate::{
    configurations::{Configuration, FILTER_STATE},
    provider::Source,
};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Request, Seen, Setup, Wrapping},
    envoy::{
        TRAP,
        bootstrap::{UPSTREAM, cluster, filter, socket},
        chosen_build,
        process::{EnvoyProcess, new_folder},
    },
    http,
    server::Server,
    upstream::Upstream,
};

/// The two sides of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    JwtAuthn,
    Portcullis,
}

/// The outcome of a request on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The status that the client received.
    pub(crate) status: u16,
    /// The request that the upstream received; `None` if the filter refused the request.
    pub(crate) seen: Option<Seen>,
    /// The body of the answer. When `jwt_authn` refuses a request, the body is the best hint at the
    /// reason.
    pub(crate) body: String,
}

/// The HTTP filters of a configuration's two listeners, without the router.
pub(crate) struct Pair {
    /// The filters of the listener with `jwt_authn`.
    pub(crate) native: Vec<Value>,
    /// The filters of the listener with the module.
    pub(crate) ours: Vec<Value>,
}

/// A running Envoy, and the servers that it connects to.
pub(crate) struct Gates {
    process: EnvoyProcess,
    addresses: BTreeMap<String, SocketAddr>,
    upstream: Upstream,
    _idp: Server,
}

/// Creates the filters for the two listeners of a configuration.
///
/// # Panics
///
/// Panics if the configuration cannot be migrated.
pub(crate) fn pair(configuration: &Configuration, number: usize) -> Pair {
    let jwt_authn = configuration.jwt_authn(number);
    let migrated = migrate::configuration(&jwt_authn)
        .unwrap_or_else(|error| panic!("{}: {error}", configuration.name));
    let with_state = |filter: Value| vec![filter_state(FILTER_STATE), filter];
    Pair {
        native: with_state(native_filter(&jwt_authn)),
        ours: with_state(module_filter(&migrated.configuration)),
    }
}

/// Creates the server for fetched key sets. For a key set with [`Source::RemoteAbsent`], the server
/// answers 404.
pub(crate) fn idp(configurations: &[Configuration]) -> AuthorizationServer {
    let idp = AuthorizationServer::new();
    for (number, configuration) in configurations.iter().enumerate() {
        for provider in &configuration.providers {
            if matches!(provider.keys.source, Source::Remote | Source::RemoteAhead) {
                let answer = Answer::json(provider.keys.jwks.to_string());
                idp.answer(&provider.path(number), answer);
            }
        }
    }
    idp
}

/// The current time in seconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// The `jwt_authn` filter with this configuration.
pub(crate) fn native_filter(jwt_authn: &Value) -> Value {
    const TYPE: &str =
        "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
    let mut typed = jwt_authn.clone();
    typed["@type"] = json!(TYPE);
    json!({ "name": "envoy.filters.http.jwt_authn", "typed_config": typed })
}

/// The Envoy filter that copies a header into the filter state entry with the same name.
fn filter_state(name: &str) -> Value {
    let format = json!({ "text_format_source": { "inline_string": format!("%REQ({name})%") } });
    json!({
        "name": "envoy.filters.http.set_filter_state",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
            "on_request_headers": [{
                "object_key": name, "factory_key": "envoy.string", "format_string": format,
            }],
        },
    })
}

/// The module's filter with this configuration.
pub(crate) fn module_filter(configuration: &Value) -> Value {
    let setup = Setup {
        wrapping: Wrapping::Struct,
        build: chosen_build(),
        ..Setup::new(Value::Null)
    };
    filter(&setup, configuration)
}

impl Gates {
    /// Starts Envoy with two listeners for each pair.
    pub(crate) fn start(pairs: &[Pair], idp: &AuthorizationServer) -> Self {
        let upstream = Upstream::start().unwrap();
        let idp = idp.listen().unwrap();
        let clusters = [
            cluster(UPSTREAM, upstream.address()),
            cluster("idp", idp.address()),
        ];
        let mut listeners = Vec::new();
        for (number, pair) in pairs.iter().enumerate() {
            listeners.push(listener(&name(Side::JwtAuthn, number), &pair.native));
            listeners.push(listener(&name(Side::Portcullis, number), &pair.ours));
        }
        let bootstrap = json!({
            "admin": { "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))) },
            "static_resources": { "clusters": clusters, "listeners": listeners },
        });
        let process = EnvoyProcess::spawn(new_folder(), &bootstrap, 1);
        let addresses = process.wait_for("all listeners", || {
            let addresses = process.listeners();
            (process.is_ready() && addresses.len() == listeners.len()).then_some(addresses)
        });
        Self {
            process,
            addresses,
            upstream,
            _idp: idp,
        }
    }

    /// Creates a client for one of the two listeners of the configuration with this number. `side`
    /// selects the listener.
    pub(crate) fn client(&self, side: Side, number: usize) -> Client<'_> {
        Client {
            gates: self,
            address: self.addresses[&name(side, number)],
            connection: None,
        }
    }

    /// Fails the test if the module trapped.
    pub(crate) fn check(&self) {
        if self.process.log().contains(TRAP) {
            self.process.fail(&"the module trapped");
        }
    }
}

/// A client with one connection. It reconnects after the proxy has closed the connection.
pub(crate) struct Client<'a> {
    gates: &'a Gates,
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl Client<'_> {
    /// Sends a request and waits for its answer.
    pub(crate) fn send(&mut self, request: &Request) -> Outcome {
        let kept = self.connection.take();
        let answer = kept
            .and_then(|connection| self.exchange(connection, request).ok())
            .map_or_else(|| self.exchange(self.connect(), request), Ok);
        answer.unwrap_or_else(|error| self.gates.process.fail(&error))
    }

    fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(http::connect(self.address).unwrap())
    }

    fn exchange(
        &mut self,
        mut connection: BufReader<TcpStream>,
        request: &Request,
    ) -> io::Result<Outcome> {
        connection.get_mut().write_all(&request.on_the_wire())?;
        let (status, message) = http::read_response(&mut connection, &request.method)?;
        let values = message.headers.values("connection");
        if request.method != "CONNECT" && values.iter().all(|value| value != "close") {
            self.connection = Some(connection);
        }
        Ok(Outcome {
            status,
            seen: self.gates.upstream.seen(&message.headers),
            body: String::from_utf8_lossy(&message.body).into_owned(),
        })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::JwtAuthn => "jwt_authn",
            Self::Portcullis => "portcullis",
        })
    }
}

fn name(side: Side, number: usize) -> String {
    format!("{side}-{number}")
}

fn listener(name: &str, filters: &[Value]) -> Value {
    let mut filters = filters.to_vec();
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            "suppress_envoy_headers": true,
        },
    }));
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "generate_request_id": false,
        "upgrade_configs": [{ "upgrade_type": "CONNECT" }],
        "route_config": { "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [
                { "match": { "prefix": "/" }, "route": { "cluster": UPSTREAM } },
                { "match": { "connect_matcher": {} }, "route": { "cluster": UPSTREAM } },
            ],
        }] },
        "http_filters": filters,
    });
    json!({
        "name": name,
        "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))),
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager,
        }] }],
    })
}
