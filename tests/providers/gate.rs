//! An engine that has only one provider and decides on tokens.

use portcullis::{
    config::Config,
    connection::NoConnection,
    decision::Decision,
    engine::{Engine, Patience},
    http::Request,
    time::UnixMillis,
};
use serde_json::{Value, json};

use support::{identity_providers::fixtures::Fixture, objects::with};

/// The outcome for a token. A refusal has a status and a reason.
pub(crate) type Outcome = Result<(), (u16, &'static str)>;

/// A provider with its keys, and the time at which the gate decides.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) provider: Value,
    pub(crate) jwks: Value,
    pub(crate) now: u64,
}

impl Gate {
    /// A gate with this provider and the keys of `fixture`.
    pub(crate) fn new(provider: Value, fixture: &Fixture, now: u64) -> Self {
        Self {
            provider,
            jwks: fixture.jwks(),
            now,
        }
    }

    /// The same gate with another value in a field of the provider; `null` removes the field.
    pub(crate) fn with(&self, field: &str, value: Value) -> Self {
        Self {
            provider: with(self.provider.clone(), &Value::from_iter([(field, value)])),
            ..self.clone()
        }
    }

    /// The same gate at another time.
    pub(crate) fn at(&self, now: u64) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }

    /// Verifies the token.
    pub(crate) fn verify(&self, token: &str) -> Outcome {
        self.decide(None, token)
    }

    /// Verifies the token, and checks that the token satisfies `authorize`.
    pub(crate) fn authorize(&self, authorize: &Value, token: &str) -> Outcome {
        self.decide(Some(authorize), token)
    }

    fn decide(&self, authorize: Option<&Value>, token: &str) -> Outcome {
        let mut engine = self.engine(authorize);
        let now = UnixMillis::new(self.now * 1000);
        let authorization = format!("Bearer {token}");
        let request = Request::new(vec![
            (b":method", b"GET"),
            (b":path", b"/"),
            (b":authority", b"api.example"),
            (b"authorization", authorization.as_bytes()),
        ]);
        let decision = engine
            .decide(&request, None, now, Patience::Exhausted, &NoConnection)
            .decision;
        // The engine must never fetch a URL that a token names.
        assert_eq!(engine.keys_mut().due(now), [], "calls to make");
        match decision {
            Decision::Permit(_) => Ok(()),
            Decision::Deny(denial) => Err((engine.response(&denial).status, denial.reason.label())),
            Decision::Report(_) | Decision::Serve(_) => panic!("no status is configured"),
            Decision::AwaitKeys(_) => panic!("waits for keys that are already loaded"),
        }
    }

    /// An engine that has the provider's keys. If the provider has `remote_jwks`, the keys are
    /// loaded as if they had just been fetched; otherwise they are part of the configuration.
    fn engine(&self, authorize: Option<&Value>) -> Engine {
        let mut provider = self.provider.clone();
        let is_remote = provider.get("remote_jwks").is_some();
        if !is_remote {
            provider["local_jwks"] = json!({ "inline_string": self.jwks.to_string() });
        }
        let rule = json!({
            "match": { "prefix": "/" },
            "requires": { "provider_name": "idp" },
        });
        let rule = with(rule, &json!({ "authorize": authorize }));
        let config = json!({ "providers": { "idp": provider }, "rules": [rule] });
        let config = Config::parse(config.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{error}: {config}"));
        let (id, _) = config.providers().next().unwrap();
        let mut engine = Engine::new(config);
        if is_remote {
            let document = self.jwks.to_string();
            let now = UnixMillis::new(self.now * 1000);
            engine
                .keys_mut()
                .preload(id, document.as_bytes(), now)
                .unwrap();
        }
        engine
    }
}
