//! The engine under test, which has the operator's policy, but with keys made for this run.

use serde_json::{Value, json};

use super::{
    claims::algorithm,
    signer::{Keys, NoKey},
};
use portcullis::{
    config::{Accepts, Config, camel_case},
    engine::Engine,
    jose::{Algorithm, base64url},
    verification::{SecretHash, Trust},
};

/// The fields of a provider that configure its keys.
const SOURCES: [&str; 5] = [
    "discovery",
    "local_jwks",
    "public_keys",
    "remote_jwks",
    "shared_secrets",
];

/// An engine, the keys that sign the tokens of the tests, and a client secret that the engine
/// accepts.
pub(super) struct Rig {
    pub(super) engine: Engine,
    pub(super) keys: Keys,
    /// The secret made for this run. All clients that need one share it.
    pub(super) secret: String,
}

/// The reason why the engine cannot be built.
#[derive(Debug)]
pub(super) enum Unfit {
    /// The operating system provides no random numbers for keys.
    NoKey,
    /// The module refuses the policy after the keys of this run replace the provider's keys.
    Refused(String),
}

impl From<NoKey> for Unfit {
    fn from(_: NoKey) -> Self {
        Self::NoKey
    }
}

impl Rig {
    /// Builds the engine from an accepted policy. Each client in `clients` gets a secret made for
    /// this run.
    pub(super) fn new(policy: &Value, config: &Config, clients: &[&str]) -> Result<Self, Unfit> {
        Self::with_keys(policy, config, clients, Keys::default())
    }

    /// Like [`Rig::new`], but reuses the keys of an earlier run, because making an RSA key takes
    /// seconds in a browser.
    pub(super) fn with_keys(
        policy: &Value,
        config: &Config,
        clients: &[&str],
        mut keys: Keys,
    ) -> Result<Self, Unfit> {
        let secret = base64url::encode(&super::signer::random::<32>()?);
        let mut policy = policy.clone();
        for (_, provider) in config.providers() {
            let written = policy
                .get_mut("providers")
                .and_then(|providers| providers.get_mut(&provider.name));
            let Some(written) = written else { continue };
            match &provider.accepts {
                Accepts::Tokens(trust) => replace_keys(written, trust, &mut keys)?,
                Accepts::Secrets(_) => replace_secrets(written, clients, &secret)?,
            }
        }
        let config =
            Config::from_value(&policy).map_err(|error| Unfit::Refused(error.to_string()))?;
        Ok(Self {
            engine: Engine::new(config),
            keys,
            secret,
        })
    }
}

fn replace_keys(written: &mut Value, trust: &Trust, keys: &mut Keys) -> Result<(), Unfit> {
    let own = algorithm(trust);
    let jwks = json!({"keys": [keys.jwk(own, trust.key_purpose())?]});
    let Some(members) = written.as_object_mut() else {
        return Ok(());
    };
    members.retain(|name, _| {
        !SOURCES
            .iter()
            .any(|source| name == source || *name == camel_case(source))
    });
    members.insert(
        "local_jwks".to_owned(),
        json!({"inline_string": jwks.to_string()}),
    );
    // A shared secret works only with HS*, and a key pair works only with the other algorithms.
    let is_symmetric = |algorithm: &&Algorithm| {
        matches!(
            algorithm,
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512
        )
    };
    let accepted = trust.algorithms.iter();
    let same = accepted.filter(|other| is_symmetric(other) == is_symmetric(&&own));
    let names: Vec<&str> = same.map(|algorithm| algorithm.name()).collect();
    members.insert("algorithms".to_owned(), json!(names));
    Ok(())
}

fn replace_secrets(written: &mut Value, clients: &[&str], secret: &str) -> Result<(), Unfit> {
    let hash = SecretHash::new(super::signer::random()?, secret.as_bytes()).to_string();
    for client in clients {
        let own = written.pointer_mut("/client_secrets/clients");
        let hashes = own.and_then(|all| all.get_mut(*client)?.get_mut("secret_hashes"));
        if let Some(Value::Array(hashes)) = hashes {
            hashes.truncate(1);
            hashes.push(json!(hash));
        }
    }
    Ok(())
}
