//! What both benchmarks have in common: tokens as usual servers issue them, and the policy that they
//! meet, in the words of `jwt_authn` and of Portcullis.

#![allow(dead_code, reason = "each benchmark uses a part")]

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use support::signer::{Pair, Signer, jwks};

/// What is measured.
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
/// Who they are for.
pub const AUDIENCE: &str = "https://api.example.com/orders";
/// What they grant, among others.
pub const SCOPE: &str = "orders:read";
/// They are good for a day.
const LIFETIME: u64 = 86_400;

/// What every request asks for.
pub const PATH: &str = "/orders/4711";
/// Cluster of the authorization server.
pub const LOGIN: &str = "login";
/// Where its keys are.
pub const JWKS_PATH: &str = "/jwks";
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

/// What both filters are configured to do.
#[derive(Clone, Debug)]
pub struct Gate {
    pub algorithm: Algorithm,
    pub cache: Cache,
    pub keys: Keys,
    pub forwards: Forwards,
    /// How many rules; the last but two matches, the only one if there is one.
    pub rules: usize,
}

/// Whether verified tokens are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    Off,
    Entries(usize),
}

impl Cache {
    /// As many as are kept where nothing is configured.
    pub const ON: Self = Self::Entries(1000);
}

/// Where keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    Local,
    Remote,
}

/// What the protected service gets to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwards {
    Nothing,
    Claims,
}

/// Who verifies signatures for Portcullis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Host,
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
        }
    }
}

impl Backend {
    /// Who does it where nothing is configured.
    pub fn default_for(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 | Algorithm::Es256 | Algorithm::Es384 => Self::Host,
            _ => Self::Module,
        }
    }

    /// As in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Module => "module",
        }
    }
}

/// Twelve claims, as access tokens of the usual servers have them.
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

/// The keys that the issuer publishes: the one in use, and one that was.
pub fn key_set(algorithm: Algorithm) -> Value {
    let old = Signer::with_pair(algorithm, Pair::Other).named(Some("last-year"));
    jwks([&Signer::new(algorithm), &old])
}

/// `jwt_authn` with three providers.
pub fn jwt_authn(gate: &Gate) -> Value {
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
pub fn portcullis(gate: &Gate, backend: Backend, id: &str) -> Value {
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
