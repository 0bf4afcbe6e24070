//! A gate with one provider, and the requests that scenarios send to it.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver, Exchange, Request, Setup},
    objects::with,
    signer::Signer,
};

/// The issuer of good tokens.
pub(crate) const ISSUER: &str = "https://login.example.com";
/// The path of the issuer's key set.
pub(crate) const JWKS_PATH: &str = "/jwks";
/// The timeout of a fetch, and of a request that waits for the fetch. It is the longest that a
/// configuration may set, so that no test depends on how fast a busy machine is.
const PATIENT: &str = "60s";

/// A provider `login` whose keys are part of the configuration.
pub(crate) fn local_provider(signer: &Signer) -> Value {
    let mut provider = provider();
    provider["local_jwks"] = json!({ "inline_string": signer.jwks().to_string() });
    provider
}

/// A provider `login` whose keys are fetched through the cluster `login`.
pub(crate) fn remote_provider() -> Value {
    let mut provider = provider();
    provider["remote_jwks"] = json!({
        "http_uri": {
            "uri": format!("{ISSUER}{JWKS_PATH}"), "cluster": "login", "timeout": PATIENT,
        },
        "async_fetch": { "failed_refetch_duration": "0.2s" },
    });
    provider
}

/// A provider `login` without keys.
pub(crate) fn provider() -> Value {
    json!({
        "issuer": ISSUER,
        "audiences": ["orders"],
        "claim_to_headers": [{ "header_name": "x-user", "claim_name": "sub" }],
    })
}

/// A configuration in which every path needs a token of `login`.
pub(crate) fn configuration(provider: &Value) -> Value {
    json!({
        "providers": { "login": provider },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "login" } }],
        "limits": { "park_timeout": PATIENT },
    })
}

/// A configuration with these providers. The path `/<name>` needs a token of the provider `name`.
pub(crate) fn a_path_for_each(providers: &Value) -> Value {
    let names = providers.as_object().unwrap().keys();
    let rules = names.map(|name| {
        json!({
            "match": { "path": format!("/{name}") },
            "requires": { "provider_name": name },
        })
    });
    json!({ "providers": providers, "rules": rules.collect::<Vec<_>>() })
}

/// A server that publishes the signer's key.
pub(crate) fn publishing(signer: &Signer) -> AuthorizationServer {
    let server = AuthorizationServer::new();
    server.answer(JWKS_PATH, Answer::json(signer.jwks().to_string()));
    server
}

/// A gate whose keys are fetched from `server`.
pub(crate) fn with_remote_keys<D: Driver>(server: &AuthorizationServer) -> D {
    start(&Setup::new(configuration(&remote_provider())).cluster("login", server))
}

/// A gate whose keys are part of its configuration.
pub(crate) fn with_local_keys<D: Driver>(signer: &Signer) -> D {
    start(&Setup::new(configuration(&local_provider(signer))))
}

/// Starts a gate. Panics if its configuration is rejected.
pub(crate) fn start<D: Driver>(setup: &Setup) -> D {
    D::start(setup).unwrap_or_else(|refused| panic!("{}", refused.0))
}

/// The signer of good tokens. ES256 is quick, and its tokens are short enough to read.
pub(crate) fn signer() -> Signer {
    Signer::new(Algorithm::Es256)
}

/// Claims of a good token for `subject`.
pub(crate) fn claims(gate: &impl Driver, subject: &str) -> Value {
    json!({ "iss": ISSUER, "aud": "orders", "sub": subject, "exp": gate.now() + 600 })
}

/// A good token of `alice` with these changes to its claims; `null` removes a claim.
pub(crate) fn token_with(gate: &impl Driver, signer: &Signer, changes: &Value) -> String {
    signer.sign_claims(&with(claims(gate, "alice"), changes))
}

/// A good token for `subject`.
pub(crate) fn token(gate: &impl Driver, signer: &Signer, subject: &str) -> String {
    signer.sign_claims(&claims(gate, subject))
}

/// Sends `GET path` with a token.
pub(crate) fn get(gate: &impl Driver, path: &str, token: &str) -> Exchange {
    gate.send(&Request::get(path).bearer(token))
}

/// The subject in the header `x-user` that reached the upstream; `None` if no such header did.
pub(crate) fn forwarded_user(exchange: &Exchange) -> Option<String> {
    exchange.upstream.as_ref()?.headers.value("x-user")
}
