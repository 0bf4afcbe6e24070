//! The fixtures: tokens to sign, and the key sets that verify them.

use portcullis::jose::Algorithm;
use serde_json::{Map, Value, json};

use crate::signer::{Pair, Signer};

/// The expected number of fixtures. Without a check of this number, every test would pass if the
/// file were empty.
pub const COUNT: usize = 25;

/// The content of a token as an identity provider issues it.
#[derive(Clone)]
pub struct Fixture {
    pub id: String,
    pub header: Value,
    pub claims: Value,
    pub expect: Map<String, Value>,
    jwks_shape: Vec<Value>,
}

/// All fixtures, and the time at which their tokens are valid.
pub fn all() -> (u64, Vec<Fixture>) {
    let document: Value = serde_json::from_str(include_str!("fixtures.json")).unwrap();
    let fixtures = document["fixtures"].as_array().unwrap();
    let fixtures: Vec<_> = fixtures.iter().map(Fixture::read).collect();
    assert_eq!(fixtures.len(), COUNT, "number of fixtures");
    (document["now"].as_u64().unwrap(), fixtures)
}

/// The fixture with this name, and the time at which its token is valid.
pub fn one(id: &str) -> (u64, Fixture) {
    let (now, fixtures) = all();
    let fixture = fixtures.into_iter().find(|fixture| fixture.id == id);
    (now, fixture.unwrap_or_else(|| panic!("no fixture {id}")))
}

impl Fixture {
    fn read(value: &Value) -> Self {
        Self {
            id: value["id"].as_str().unwrap().to_owned(),
            header: value["header"].clone(),
            claims: value["claims"].clone(),
            expect: value["expect"].as_object().unwrap().clone(),
            jwks_shape: value["jwks_shape"].as_array().cloned().unwrap_or_default(),
        }
    }

    /// The fixture with a claim added or replaced.
    pub fn with_claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    /// The fixture without a claim.
    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    /// Signs the token with a key that the provider publishes.
    pub fn token(&self) -> String {
        Signer::new(Algorithm::Rs256).token(&self.header, &self.claims)
    }

    /// Signs the token with a key that the provider does not have.
    pub fn forged(&self) -> String {
        Signer::with_pair(Algorithm::Rs256, Pair::Other).token(&self.header, &self.claims)
    }

    /// The provider's key set. Each key has the same JWK members as the keys that the provider
    /// publishes.
    pub fn jwks(&self) -> Value {
        let kid = self.header.get("kid").cloned().unwrap_or(json!("k1"));
        let plain = [json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid })];
        let shape = if self.jwks_shape.is_empty() {
            &plain[..]
        } else {
            &self.jwks_shape
        };
        let keys: Vec<_> = shape.iter().map(|shape| jwk(shape, &kid)).collect();
        json!({ "keys": keys })
    }
}

/// Creates a JWK from the members of `shape` and the numbers of a test key. If the `kid` in `shape`
/// equals `signing`, the test key is the one that signs the token; otherwise it is another key.
fn jwk(shape: &Value, signing: &Value) -> Value {
    let pair = if shape["kid"] == *signing {
        Pair::Own
    } else {
        Pair::Other
    };
    let algorithm = match shape["kty"].as_str() {
        Some("EC") => Algorithm::Es256,
        _ => Algorithm::Rs256,
    };
    let mut jwk = Signer::with_pair(algorithm, pair).jwk();
    let members = jwk.as_object_mut().unwrap();
    for label in ["alg", "use", "kid"] {
        members.remove(label);
    }
    for (name, value) in shape.as_object().unwrap() {
        if value != "ABSENT" {
            members.insert(name.clone(), value.clone());
        }
    }
    jwk
}
