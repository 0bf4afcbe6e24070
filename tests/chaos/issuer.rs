//! The test's authorization server and its keys.

use std::{net::SocketAddr, time::Duration};

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use support::{
    authorization_server::{Answer, AuthorizationServer},
    server::Server,
    signer::{Pair, Signer, jwks},
};

/// The claim `iss` of the server's tokens.
pub(crate) const ISSUER: &str = "https://login.example.com";
const JWKS_PATH: &str = "/jwks";
/// How long keys are fresh. The gate fetches them again after nine tenths of this time.
pub(crate) const CACHE_DURATION: Duration = Duration::from_secs(1);
/// The minimum time between two fetches that unknown `kid`s cause.
pub(crate) const COOLDOWN: Duration = Duration::from_millis(500);
/// The timeout of a fetch.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);
/// The wait after the first failed fetch. Each further failure doubles the wait, up to ten times
/// this value.
pub(crate) const BACKOFF: Duration = Duration::from_millis(100);

/// A configuration with one provider and one rule. The provider `login` fetches this server's keys.
/// The rule requires a token of this provider on every path.
pub(crate) fn configuration() -> Value {
    let seconds = |time: Duration| format!("{}s", time.as_secs_f64());
    json!({
        "providers": { "login": {
            "issuer": ISSUER,
            "audiences": ["orders"],
            "claim_to_headers": [{ "header_name": "x-user", "claim_name": "sub" }],
            "remote_jwks": {
                "http_uri": {
                    "uri": format!("{ISSUER}{JWKS_PATH}"),
                    "cluster": "login",
                    "timeout": seconds(TIMEOUT),
                },
                "cache_duration": seconds(CACHE_DURATION),
                "max_stale": "3600s",
                "unknown_kid_cooldown": seconds(COOLDOWN),
                "async_fetch": { "failed_refetch_duration": seconds(BACKOFF) },
            },
        } },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "login" } }],
    })
}

/// A key, and a forger's key with the same `kid`.
pub(crate) struct Key {
    pub(crate) signer: Signer,
    pub(crate) forger: Signer,
}

impl Key {
    /// All keys that the server uses during the test, the oldest first.
    pub(crate) fn all() -> Vec<Self> {
        let generation = |(n, (algorithm, own, other))| {
            let kid = format!("key-{n}");
            let named = |pair| Signer::with_pair(algorithm, pair).named(Some(&kid));
            Self {
                signer: named(own),
                forger: named(other),
            }
        };
        [
            (Algorithm::Es256, Pair::Own, Pair::Other),
            (Algorithm::Es384, Pair::Own, Pair::Other),
            (Algorithm::Es256, Pair::Other, Pair::Own),
            (Algorithm::Es384, Pair::Other, Pair::Own),
            (Algorithm::Rs256, Pair::Own, Pair::Other),
        ]
        .into_iter()
        .enumerate()
        .map(generation)
        .collect()
    }
}

/// The server. It keeps its address when it restarts.
pub(crate) struct Issuer {
    script: AuthorizationServer,
    address: SocketAddr,
    server: Option<Server>,
}

impl Issuer {
    /// Starts a server that publishes these keys.
    pub(crate) fn start(published: &[Key]) -> Self {
        let script = AuthorizationServer::new();
        let server = script.listen().unwrap();
        let issuer = Self {
            script,
            address: server.address(),
            server: Some(server),
        };
        issuer.publish(published);
        issuer
    }

    /// The address on which the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Publishes these keys from now on.
    pub(crate) fn publish(&self, keys: &[Key]) {
        self.answer(answer(keys));
    }

    /// Publishes these keys so slowly that every fetch times out.
    pub(crate) fn publish_slowly(&self, keys: &[Key]) {
        self.answer(answer(keys).after(3 * TIMEOUT));
    }

    /// From now on, answers with status 200 and a body that is not a key set.
    pub(crate) fn publish_garbage(&self) {
        self.answer(Answer::json("<!doctype html><title>Maintenance</title>"));
    }

    /// Closes the port and all connections.
    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    /// Listens again at the same address.
    pub(crate) fn resume(&mut self) {
        self.server = Some(self.script.listen_at(self.address).unwrap());
    }

    /// The number of requests for the key set.
    pub(crate) fn fetches(&self) -> usize {
        self.script.fetches(JWKS_PATH)
    }

    fn answer(&self, answer: Answer) {
        self.script.answer(JWKS_PATH, answer);
    }
}

fn answer(keys: &[Key]) -> Answer {
    Answer::json(jwks(keys.iter().map(|key| &key.signer)).to_string())
}
