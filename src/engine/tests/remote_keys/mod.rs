//! Tests of providers that fetch their keys. Among other things, the tests cover how requests wait
//! for keys, and how the engine decides without keys.

mod discovery;
mod fetching;
mod sharing;
mod unknown_kid;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::rc::Rc;

use super::*;
use crate::{
    jose::KeySetLimits,
    keys::{
        Caching, Document, Fetch, FetchCause, FetchError, FetchOutcome, FetchResponse, News, Order,
        PreloadError, Progress, Reading, Record, Records, SourceId, Version, WriteError,
    },
    policy::ProviderId,
};

const LIMITS: KeySetLimits = KeySetLimits {
    bytes: 10_000,
    keys: 10,
};

fn remote() -> Engine {
    remote_with(json!({}))
}

/// An engine whose provider `a` fetches its keys. `rest` is merged into the provider.
fn remote_with(rest: Value) -> Engine {
    let mut own = provider("a", &SECRET);
    own.as_object_mut().unwrap().remove("shared_secrets");
    own["remote_jwks"] = json!({
        "http_uri": {"uri": "https://a.example/jwks", "cluster": "as", "timeout": "1s"},
    });
    merge(&mut own, rest);
    let config = json!({
        "providers": {"a": own},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
    });
    Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
}

fn at(seconds: i64) -> UnixMillis {
    UnixMillis::new(u64::try_from(NOW + seconds).unwrap() * 1000)
}

fn ask(engine: &Engine, patience: Patience, seconds: i64) -> Decision {
    let claims = json!({"iss": "https://a.example", "aud": "orders", "exp": NOW + 9000});
    let value = format!(
        "Bearer {}",
        sign(&[0; 256], &json!({"alg": "RS256", "kid": "x"}), &claims)
    );
    let request = Request::new(vec![(b":path", b"/"), (b"authorization", value.as_bytes())]);
    engine
        .decide(&request, None, at(seconds), patience, &NoConnection)
        .decision
}

const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn document(body: &str) -> Result<FetchResponse, FetchError> {
    Ok(FetchResponse::Document {
        body: body.into(),
        caching: Caching::default(),
    })
}

/// A response with the key set and an entity tag.
fn tagged() -> Result<FetchResponse, FetchError> {
    Ok(FetchResponse::Document {
        body: JWKS.into(),
        caching: Caching {
            etag: Some("\"1\"".into()),
            max_age: None,
        },
    })
}

/// Returns the only call that is due. Panics unless exactly one call is due.
fn call(engine: &mut Engine, second: i64) -> Fetch {
    let mut calls = engine.keys_mut().due(at(second));
    assert_eq!(calls.len(), 1);
    calls.remove(0)
}

fn ended(progress: Progress) -> FetchOutcome {
    match progress {
        Progress::Ended(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

/// Fake shared records that count reads. On each write, the fake stores a newer document instead,
/// as if another worker had written it right after the first one.
#[derive(Clone, Debug, Default)]
struct Contended(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    record: RefCell<Option<(Record, u32)>>,
    reads: core::cell::Cell<u32>,
}

impl Records for Contended {
    fn read(&self, _: SourceId, known: Option<Version>, _: Order) -> Reading {
        self.0.reads.set(self.0.reads.get() + 1);
        match self.0.record.borrow().clone() {
            None => Reading::Absent,
            Some((_, version)) if known == Some(Version(version)) => Reading::Same,
            Some((record, version)) => Reading::New(record, Version(version)),
        }
    }

    fn write(
        &self,
        _: SourceId,
        record: &Record,
        _: Option<Version>,
    ) -> Result<Version, WriteError> {
        let mut newer = record.clone();
        newer.document = newer.document.map(|document| {
            let text = document.text().replace("\"k\"", "\"newer\"");
            Document::parse(text.as_bytes(), LIMITS).unwrap()
        });
        let mut present = self.0.record.borrow_mut();
        let version = present.as_ref().map_or(0, |(_, version)| *version);
        *present = Some((newer, version + 2));
        Ok(Version(version + 1))
    }
}

/// A SPIFFE trust bundle also contains keys for X.509 certificates. These keys must not verify
/// tokens.
#[test]
fn only_keys_for_jwt_svids_verify_the_tokens_of_a_trust_domain() {
    for (purpose, expected) in [("jwt-svid", "bad_signature"), ("sig", "await_keys")] {
        let mut engine = remote_with(json!({
            "preset": "spiffe", "trust_domain": "example.org",
        }));
        let fetch = call(&mut engine, 0);
        let keys = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": purpose, "kid": "x",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }]});
        engine
            .keys_mut()
            .complete(&fetch, document(&keys.to_string()), at(0));
        let header = json!({"alg": "ES256", "kid": "x"});
        let claims = json!({
            "iss": "https://a.example", "sub": "spiffe://example.org/a",
            "aud": "orders", "exp": NOW + 300,
        });
        let decision = bearer(&engine, &sign(&[0; 256], &header, &claims));
        assert_eq!(label(&decision), expected, "{purpose}");
    }
}

#[test]
fn a_key_of_another_algorithm_of_the_family_counts_only_if_configured() {
    let mut modulus = [0xff; 256];
    modulus[1] = 1;
    let key = json!({"kty": "RSA", "alg": "RS512", "kid": "x", "e": "AQAB",
        "n": base64url::encode(&modulus)});
    let jwks = json!({"keys": [key]}).to_string();
    for (binding, expected) in [("exact", "await_keys"), ("family", "bad_signature")] {
        let mut engine = remote_with(json!({"jwk_algorithm": binding}));
        let fetch = call(&mut engine, 0);
        let outcome = ended(engine.keys_mut().complete(&fetch, document(&jwks), at(0)));
        assert_eq!(outcome.keys, Ok(1));
        assert_eq!(
            label(&ask(&engine, Patience::Waiting, 1)),
            expected,
            "{binding}"
        );
    }
}
