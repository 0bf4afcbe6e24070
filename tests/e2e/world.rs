//! A gate (Envoy with Portcullis) in front of an API, and the requests that tests send to it.

use serde_json::{Value, json};

use crate::oidc_provider::{CLIENT, OidcProvider, SIGNING_CLIENT};
use support::{
    driver::{Driver, Exchange, Request, Setup},
    envoy::InEnvoy,
};

/// The algorithms with which the server can sign. The last path segment of the requested resource
/// selects the algorithm.
pub(crate) const ALGORITHMS: [&str; 7] = [
    "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
];
/// The path that needs both `orders:read` and `orders:write`. Every other path needs only
/// `orders:read`.
pub(crate) const BOTH_SCOPES: &str = "/orders/new";

/// The URL of a resource. The server signs the tokens for this resource with `algorithm`, and the
/// URL is their audience.
pub(crate) fn resource(algorithm: &str) -> String {
    format!("https://api.example/{}", algorithm.to_lowercase())
}

/// A configuration for tokens of `server`.
pub(crate) fn configuration(server: &OidcProvider) -> Value {
    let requires = json!({ "provider_name": "login" });
    json!({
        "providers": { "login": {
            "issuer": server.issuer(),
            "audiences": ALGORITHMS.map(resource),
            "token_types": ["at+jwt"],
            "client_ids": [CLIENT, SIGNING_CLIENT],
            "claim_to_headers": [
                { "header_name": "x-client", "claim_name": "client_id" },
                { "header_name": "x-tenant", "claim_name": "tenant" },
            ],
            "remote_jwks": { "http_uri": {
                "uri": format!("{}/jwks", server.issuer()), "cluster": "login", "timeout": "5s",
            } },
        } },
        "rules": [
            {
                "match": { "path": BOTH_SCOPES },
                "requires": requires,
                "authorize": { "scopes": { "all_of": ["orders:read", "orders:write"] } },
            },
            {
                "match": { "prefix": "/" },
                "requires": requires,
                "authorize": { "scopes": { "all_of": ["orders:read"] } },
            },
        ],
    })
}

/// A gate that fetches keys from `server`.
pub(crate) fn gate<D: Driver>(server: &OidcProvider, configuration: Value) -> D {
    let setup = Setup::new(configuration).external_cluster("login", server.address());
    D::start(&setup).unwrap_or_else(|refused| panic!("{}", refused.0))
}

/// A good token for `orders:read`, signed with `algorithm`.
pub(crate) fn good_token(server: &OidcProvider, algorithm: &str) -> String {
    let resource = resource(algorithm);
    server.token(&[("resource", &resource), ("scope", "orders:read")])
}

/// Sends `GET path` with a token.
pub(crate) fn get(gate: &impl Driver, path: &str, token: &str) -> Exchange {
    gate.send(&Request::get(path).bearer(token))
}

/// The number of requests that Envoy has sent to the authorization server. All of them fetch keys.
pub(crate) fn fetches(gate: &impl InEnvoy) -> u64 {
    let name = "cluster.login.upstream_rq_total";
    let stats = gate.admin(&format!("/stats?filter={name}"));
    let value = stats.trim().strip_prefix(&format!("{name}: "));
    value
        .unwrap_or_else(|| panic!("no {name}: {stats}"))
        .parse()
        .unwrap()
}
