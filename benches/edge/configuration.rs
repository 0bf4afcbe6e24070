//! The same policy for both filters, and the listeners around them.

use std::{net::SocketAddr, path::PathBuf};

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::{
    cases::{Backend, Cache, Case, Filter, Forwards, Gate, Keys},
    options,
    signer::{Pair, Signer, jwks},
    support::{
        driver::{Setup, Wrapping},
        envoy::bootstrap::{socket, wasm_filter},
    },
    tokens::{AUDIENCE, ISSUER, SCOPE},
};

/// What every request asks for.
pub(crate) const PATH: &str = "/orders/4711";
/// Cluster of the authorization server.
pub(crate) const LOGIN: &str = "login";
/// Where its keys are.
pub(crate) const JWKS_PATH: &str = "/jwks";
/// The services of ten rules; requests are for the eighth.
const SERVICES: [&str; 10] = [
    "accounts",
    "addresses",
    "baskets",
    "catalogue",
    "customers",
    "invoices",
    "payments",
    "orders",
    "shipments",
    "returns",
];

/// The module that does nothing.
pub(crate) fn noop_module() -> PathBuf {
    options::folder().join("noop.wasm")
}

/// The keys that the issuer publishes: the one in use, and one that was.
pub(crate) fn key_set(algorithm: Algorithm) -> Value {
    let old = Signer::with_pair(algorithm, Pair::Other).named(Some("last-year"));
    jwks([&Signer::new(algorithm), &old])
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
        Filter::Noop => {
            let module = Some(noop_module());
            Some(module_filter(&case.id, module, None, &json!({})))
        }
        Filter::JwtAuthn(gate) => Some(jwt_authn(gate)),
        Filter::Portcullis(gate, backend) => {
            let configuration = portcullis(gate, *backend, &case.id);
            let capabilities = Some(capabilities());
            Some(module_filter(&case.id, None, capabilities, &configuration))
        }
    }
}

/// Each in a VM of its own, so that no case sees another's memory.
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

fn jwt_authn(gate: &Gate) -> Value {
    let rule = |path: &String, _| {
        json!({
            "match": { "prefix": path },
            "requires": { "provider_name": provider_of(path) },
        })
    };
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": providers(gate, None),
            "rules": rules(gate.rules, rule),
        },
    })
}

/// What `jwt_authn` has, and scopes.
pub(crate) fn portcullis(gate: &Gate, backend: Backend, id: &str) -> Value {
    let rule = |path: &String, scope: String| {
        json!({
            "match": { "prefix": path },
            "requires": { "provider_name": provider_of(path) },
            "authorize": { "scopes": { "all_of": [scope] } },
        })
    };
    json!({
        "providers": providers(gate, Some(backend)),
        "rules": rules(gate.rules, rule),
        "signature_backend": backend.name(),
        "stat_prefix": id,
    })
}

/// That many rules; the last but two is for [`PATH`], the only one if there is one.
fn rules(count: usize, rule: impl Fn(&String, String) -> Value) -> Vec<Value> {
    let own = count.saturating_sub(3);
    let path = |number: usize| match number {
        number if number == own => "/orders/".to_owned(),
        number if count == SERVICES.len() => format!("/{}/", SERVICES[number]),
        number => format!("/service-{number:03}/"),
    };
    let scope = |path: &str| match path {
        "/orders/" => SCOPE.to_owned(),
        other => format!("{}:read", other.trim_matches('/')),
    };
    let paths = (0..count).map(path);
    paths.map(|path| rule(&path, scope(&path))).collect()
}

fn provider_of(path: &str) -> &'static str {
    match path {
        "/shipments/" => "partner",
        "/returns/" => "batch",
        _ => "login",
    }
}

/// The issuer that is measured, and two others.
fn providers(gate: &Gate, ours: Option<Backend>) -> Value {
    let mut login = json!({ "issuer": ISSUER, "audiences": [AUDIENCE] });
    match gate.keys {
        Keys::Local => {
            let keys = key_set(gate.algorithm).to_string();
            login["local_jwks"] = json!({ "inline_string": keys });
        }
        Keys::Remote => {
            login["remote_jwks"] = json!({
                "http_uri": {
                    "uri": format!("https://login.example.com{JWKS_PATH}"),
                    "cluster": LOGIN,
                    "timeout": "2s",
                },
                "cache_duration": "300s",
                "async_fetch": {},
            })
        }
    }
    if gate.forwards == Forwards::Claims {
        login["claim_to_headers"] = json!([
            { "header_name": "x-user", "claim_name": "sub" },
            { "header_name": "x-client", "claim_name": "client_id" },
            { "header_name": "x-tenant", "claim_name": "tenant" },
        ]);
    }
    match (gate.cache, ours) {
        (Cache::Entries(count), _) => {
            login["jwt_cache_config"] = json!({ "jwt_cache_size": count });
        }
        (Cache::Off, Some(_)) => login["jwt_cache_config"] = json!({ "disabled": true }),
        (Cache::Off, None) => {} // off unless configured
    }
    if ours.is_some() {
        login["algorithms"] = json!([gate.algorithm.name()]);
    }
    let other = |issuer: &str, algorithm| {
        json!({
            "issuer": issuer,
            "audiences": [AUDIENCE],
            "local_jwks": { "inline_string": key_set(algorithm).to_string() },
        })
    };
    json!({
        "login": login,
        "partner": other("https://partner.example.com/", Algorithm::Es256),
        "batch": other("https://batch.example.com/", Algorithm::EdDsa),
    })
}
