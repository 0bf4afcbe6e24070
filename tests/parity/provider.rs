//! A provider of `jwt_authn`, and the keys that sign its tokens.

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::places::Place;
use support::signer::Signer;

/// A provider in a configuration of `jwt_authn`.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) name: String,
    /// The provider's configuration, without its keys.
    pub(crate) json: Value,
    pub(crate) keys: Keys,
}

/// The keys of a provider, and how they are published.
#[derive(Clone)]
pub(crate) struct Keys {
    /// The signers of the provider's tokens.
    pub(crate) signers: Vec<Signer>,
    /// The published key set.
    pub(crate) jwks: Value,
    pub(crate) source: Source,
}

/// The source of a provider's key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The key set is in the configuration.
    Local,
    /// The key set is fetched when a request needs it.
    Remote,
    /// The key set is fetched before any request needs it.
    RemoteAhead,
    /// The configuration says to fetch the key set, but the server does not publish it.
    RemoteAbsent,
}

/// Which of the members `kid` and `alg` the published keys have. `jwt_authn` uses these members to
/// find the key of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The keys have both `kid` and `alg`.
    Full,
    /// The keys have only `kid`.
    WithoutAlgorithm,
    /// The keys have only `alg`.
    WithoutKid,
    /// The keys have neither `kid` nor `alg`.
    Bare,
}

impl Keys {
    /// Creates one key for each of these algorithms.
    pub(crate) fn new(source: Source, naming: Naming, algorithms: &[Algorithm]) -> Self {
        let signers: Vec<Signer> = algorithms.iter().map(|alg| Signer::new(*alg)).collect();
        let jwk = |signer: &Signer| {
            let mut jwk = signer.jwk();
            let members = jwk.as_object_mut().unwrap();
            if matches!(naming, Naming::WithoutAlgorithm | Naming::Bare) {
                members.remove("alg");
            }
            if matches!(naming, Naming::WithoutKid | Naming::Bare) {
                members.remove("kid");
            }
            jwk
        };
        let jwks = json!({ "keys": signers.iter().map(jwk).collect::<Vec<_>>() });
        Self {
            signers,
            jwks,
            source,
        }
    }

    /// Creates keys that are in the configuration and have `kid` and `alg`.
    pub(crate) fn local(algorithms: &[Algorithm]) -> Self {
        Self::new(Source::Local, Naming::Full, algorithms)
    }

    /// Adds a member to each key.
    pub(crate) fn with(mut self, member: &str, value: &Value) -> Self {
        for key in self.jwks["keys"].as_array_mut().unwrap() {
            key[member] = value.clone();
        }
        self
    }
}

impl Provider {
    pub(crate) fn new(name: &str, json: Value, keys: Keys) -> Self {
        let name = name.to_owned();
        Self { name, json, keys }
    }

    /// The path from which Envoy fetches the provider's key set.
    pub(crate) fn path(&self, configuration: usize) -> String {
        format!("/{configuration}/{}", self.name)
    }

    /// The provider's whole configuration. It includes the keys, or the URL from which Envoy
    /// fetches the keys through the cluster `idp`.
    pub(crate) fn whole(&self, configuration: usize) -> Value {
        let mut whole = self.json.clone();
        if self.keys.source == Source::Local {
            whole["local_jwks"] = json!({ "inline_string": self.keys.jwks.to_string() });
            return whole;
        }
        let uri = format!("https://idp.example.com{}", self.path(configuration));
        let mut remote = json!({
            "http_uri": { "uri": uri, "cluster": "idp", "timeout": "5s" },
            "cache_duration": "600s",
        });
        if self.keys.source == Source::RemoteAhead {
            remote["async_fetch"] = json!({});
        }
        whole["remote_jwks"] = remote;
        whole
    }

    /// The places where the provider looks for tokens.
    pub(crate) fn places(&self) -> Vec<Place> {
        Place::of(&self.json)
    }

    /// The clock skew that `jwt_authn` allows, in seconds.
    pub(crate) fn skew(&self) -> i64 {
        match self.json["clock_skew_seconds"].as_i64() {
            None | Some(0) => 60,
            Some(skew) => skew,
        }
    }
}
