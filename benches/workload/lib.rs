//! The workload of the benchmarks `edge` and `core`: tokens like those of common authorization
//! servers, and one policy that is written both for `jwt_authn` and for Portcullis.

#![allow(dead_code, reason = "each benchmark uses only a part of this crate")]

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use support::signer::{Pair, Signer, jwks};

/// The algorithms that are measured.
pub const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
    Algorithm::Hs256,
];
/// The issuer of good tokens.
pub const ISSUER: &str = "https://login.example.com/";
/// The audience of good tokens.
pub const AUDIENCE: &str = "https://api.example.com/orders";
/// A scope of good tokens.
pub const SCOPE: &str = "orders:read";
/// The lifetime of good tokens: a day, in seconds.
const LIFETIME: u64 = 86_400;

/// The path of every request.
pub const PATH: &str = "/orders/4711";
/// The cluster of the authorization server.
pub const LOGIN: &str = "login";
/// The path of the authorization server's keys.
pub const JWKS_PATH: &str = "/jwks";
/// The names of the services that the ten rules of the default policy protect. All requests match
/// the eighth rule.
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

/// The settings from which the configurations of `jwt_authn` and of Portcullis are generated.
#[derive(Clone, Debug)]
pub struct Gate {
    pub algorithm: Algorithm,
    pub cache: Cache,
    pub keys: Keys,
    pub forwards: Forwards,
    /// The number of rules. Requests match the third rule from the end. If there are fewer than
    /// three rules, requests match the first.
    pub rules: usize,
    /// The number of providers. All tokens come from the first provider.
    pub providers: usize,
    /// The number of keys that the first provider has.
    pub key_count: usize,
    /// Whether Portcullis asks Envoy for the route's policy.
    pub asks_routes: bool,
}

/// Whether verified tokens are cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    Off,
    Entries(usize),
}

impl Cache {
    /// The default size of the cache.
    pub const ON: Self = Self::Entries(1000);
}

/// The source of the keys: the configuration, or a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    Local,
    Remote,
}

/// What the upstream receives in headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwards {
    Nothing,
    Claims,
}

/// The implementation that verifies signatures for Portcullis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// For each algorithm, the faster of the available implementations. This is the default.
    Auto,
    Module,
}

impl Gate {
    pub fn new(algorithm: Algorithm, cache: Cache) -> Self {
        Self {
            algorithm,
            cache,
            keys: Keys::Local,
            forwards: Forwards::Nothing,
            rules: 10,
            providers: 3,
            key_count: 2,
            asks_routes: false,
        }
    }
}

impl Backend {
    /// The backend's name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Module => "module",
        }
    }
}

/// Twelve claims that are typical of access tokens.
pub fn claims(number: usize, now: u64) -> Value {
    json!({
        "iss": ISSUER,
        "sub": format!("00u{number:017}"),
        "aud": [AUDIENCE, "https://api.example.com/invoices"],
        "client_id": "0oa8n2example5d7",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "jti": format!("AT.{:032x}", u128::try_from(number + 1).unwrap() * 0x9e37_79b9_7f4a_7c15),
        "scope": "openid profile orders:read orders:write",
        "roles": ["clerk", "auditor"],
        "tenant": "acme-europe",
        "name": "Alice Liddell",
    })
}

/// The keys that the issuer publishes: the current one and a previous one.
pub fn key_set(algorithm: Algorithm) -> Value {
    let old = Signer::with_pair(algorithm, Pair::Other).named(Some("last-year"));
    jwks([&Signer::new(algorithm), &old])
}

/// A key set with `count` keys. If `count` is two, this is [`key_set`]. Otherwise, the last key
/// signs the tokens. All other keys are copies of one old key, each with its own `kid`.
fn key_set_of(algorithm: Algorithm, count: usize) -> Value {
    if count == 2 {
        return key_set(algorithm);
    }
    let old = Signer::with_pair(algorithm, Pair::Other);
    let mut keys: Vec<_> = (1..count)
        .map(|number| old.clone().named(Some(&format!("old-{number}"))))
        .collect();
    keys.push(Signer::new(algorithm));
    jwks(&keys)
}

/// The configuration of `jwt_authn`.
pub fn jwt_authn(gate: &Gate) -> Value {
    let rule = |path: &String, _| {
        json!({
            "match": { "prefix": path },
            "requires": { "provider_name": provider_of(gate, path) },
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

/// The configuration of Portcullis. It requires everything that the configuration of `jwt_authn`
/// requires, and scopes in addition.
pub fn portcullis(gate: &Gate, backend: Backend, id: &str) -> Value {
    let rule = |path: &String, scope: String| {
        json!({
            "match": { "prefix": path },
            "requires": { "provider_name": provider_of(gate, path) },
            "authorize": { "scopes": { "all_of": [scope] } },
        })
    };
    let mut configuration = json!({
        "providers": providers(gate, Some(backend)),
        "rules": rules(gate.rules, rule),
        "signature_backend": backend.name(),
        "stat_prefix": id,
    });
    if !gate.asks_routes {
        configuration["route_policies"] = json!("off");
    }
    configuration
}

/// Makes `count` rules. The third rule from the end matches [`PATH`]. If there are fewer than three
/// rules, the first matches it.
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

fn provider_of(gate: &Gate, path: &str) -> &'static str {
    match path {
        _ if gate.providers < 3 => "login",
        "/shipments/" => "partner",
        "/returns/" => "batch",
        _ => "login",
    }
}

/// The provider of all tokens, and other providers: `gate.providers` in total.
fn providers(gate: &Gate, ours: Option<Backend>) -> Value {
    let mut login = json!({ "issuer": ISSUER, "audiences": [AUDIENCE] });
    match gate.keys {
        Keys::Local => {
            let keys = key_set_of(gate.algorithm, gate.key_count).to_string();
            login["local_jwks"] = json!({ "inline_string": keys });
        }
        Keys::Remote => {
            let uri = format!("https://login.example.com{JWKS_PATH}");
            login["remote_jwks"] = json!({
                "http_uri": { "uri": uri, "cluster": LOGIN, "timeout": "2s" },
                "cache_duration": "300s",
                "async_fetch": {},
            });
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
        (Cache::Off, None) => {} // `jwt_authn` has no cache unless one is configured
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
    let mut providers = json!({ "login": login });
    for number in 1..gate.providers {
        let (name, issuer, algorithm) = match number {
            1 => ("partner".to_owned(), "partner".to_owned(), Algorithm::Es256),
            2 => ("batch".to_owned(), "batch".to_owned(), Algorithm::EdDsa),
            _ => (
                format!("other-{number:03}"),
                format!("other-{number}"),
                Algorithm::EdDsa,
            ),
        };
        providers[name] = other(&format!("https://{issuer}.example.com/"), algorithm);
    }
    providers
}
