//! Waiting for keys, and doing without.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::host::{Expected, SetSharedDataError, SharedData};

fn remote() -> Engine {
    remote_with(json!({}))
}

/// A provider with fetched keys and what `rest` adds.
fn remote_with(rest: Value) -> Engine {
    let mut own = provider("a", &SECRET);
    merge(&mut own, rest);
    own.as_object_mut().unwrap().remove("shared_secrets");
    own["remote_jwks"] = json!({
        "http_uri": {"uri": "https://a.example/jwks", "cluster": "as", "timeout": "1s"},
    });
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
    engine.decide(&request, at(seconds), patience, &NoHost)
}

const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[test]
fn waits_for_keys_and_says_when_they_cannot_be_had() {
    let mut engine = remote();
    assert_eq!(label(&ask(&engine, Patience::Waiting, 0)), "await_keys");
    assert_eq!(
        label(&ask(&engine, Patience::Exhausted, 0)),
        "keys_unavailable"
    );
    let fetches = engine.due(at(0), &NoHost);
    assert_eq!(fetches.len(), 1);
    assert_eq!(engine.due(at(0), &NoHost), [], "one lease");
    engine.complete(
        fetches[0].source,
        Err(FetchError::Status(500)),
        at(0),
        &NoHost,
    );
    let Decision::Deny(denial) = ask(&engine, Patience::Waiting, 0) else {
        panic!()
    };
    assert_eq!(denial.reason, Reason::KeysUnavailable);
    // A second, give or take the jitter, in whole seconds.
    assert!((1..=2).contains(&denial.retry_after.unwrap()));
}

#[test]
fn keeps_the_last_good_keys_through_bad_documents() {
    let mut engine = remote();
    let source = engine.due(at(0), &NoHost)[0].source;
    engine.complete(source, Ok(JWKS.as_bytes()), at(0), &NoHost);
    for (second, document) in (600..)
        .step_by(100)
        .zip(["{}", "", "[]", r#"{"keys":[]}"#, "{"])
    {
        assert_eq!(engine.due(at(second), &NoHost).len(), 1);
        let outcome = engine
            .complete(source, Ok(document.as_bytes()), at(second), &NoHost)
            .unwrap();
        assert_eq!(outcome.keys, Err(FetchError::Document), "{document}");
        let now = at(second);
        let provider = outcome.providers[0];
        assert!(matches!(
            engine.keys().keys(provider, now),
            Some(crate::keys::Keys::Serving(..))
        ));
    }
}

/// Shared data in which another worker writes a newer document right behind each write.
#[derive(Default)]
struct Contended {
    entry: core::cell::RefCell<Option<SharedData>>,
}

impl Host for Contended {
    fn shared_data(&self, _: &str) -> Option<SharedData> {
        self.entry.borrow().clone()
    }

    fn set_shared_data(
        &self,
        _: &str,
        value: &[u8],
        _: Expected,
    ) -> Result<(), SetSharedDataError> {
        let text = str::from_utf8(value)
            .unwrap()
            .replace("\\\"k\\\"", "\\\"newer\\\"");
        let mut entry = self.entry.borrow_mut();
        *entry = Some(SharedData {
            value: text.into_bytes(),
            version: entry.as_ref().map_or(0, |entry| entry.version) + 2,
        });
        Ok(())
    }

    fn client_certificate_digest(&self) -> Option<[u8; 32]> {
        None
    }
}

#[test]
fn serves_the_keys_of_the_record_that_stands() {
    let (mut engine, host) = (remote(), Contended::default());
    let source = engine.due(at(0), &host)[0].source;
    let outcome = engine.complete(source, Ok(JWKS.as_bytes()), at(0), &host);
    let provider = outcome.unwrap().providers[0];
    let Some(crate::keys::Keys::Serving(key_set, _)) = engine.keys().keys(provider, at(0)) else {
        panic!()
    };
    assert_eq!(key_set.keys()[0].kid(), Some("newer"));
}

#[test]
fn looks_once_for_an_unknown_kid() {
    let mut engine = remote();
    let source = engine.due(at(0), &NoHost)[0].source;
    engine.complete(source, Ok(JWKS.as_bytes()), at(0), &NoHost);
    let Decision::AwaitKeys { source, cause } = ask(&engine, Patience::Waiting, 1) else {
        panic!()
    };
    assert_eq!(cause, FetchCause::UnknownKid);
    engine.want(source, cause);
    assert_eq!(engine.due(at(1), &NoHost).len(), 1);
    assert_eq!(label(&ask(&engine, Patience::Waiting, 1)), "await_keys");
    engine.complete(source, Ok(JWKS.as_bytes()), at(1), &NoHost);
    assert_eq!(label(&ask(&engine, Patience::Waiting, 2)), "unknown_key");
    engine.want(source, cause);
    assert_eq!(engine.due(at(2), &NoHost), []);
}

/// Whose issuer is another's is no candidate, so the set may have a newer key: one look, as for an
/// unknown kid.
#[test]
fn looks_once_for_a_key_of_the_issuer() {
    let document = JWKS.replace("\"kid\"", "\"issuer\":\"https://b.example\",\"kid\"");
    let claims = json!({"iss": "https://a.example", "aud": "orders", "exp": NOW + 9000});
    let forged = sign(&[0; 32], &json!({"alg": "EdDSA", "kid": "k"}), &claims);
    let value = format!("Bearer {forged}");
    for (key_issuer, labels) in [
        ("ignore", ["bad_signature"; 2]),
        ("match", ["await_keys", "unknown_key"]),
    ] {
        let mut engine = remote_with(json!({ "key_issuer": key_issuer }));
        let ask = |engine: &Engine, seconds| {
            let request = vec![
                (&b":path"[..], &b"/"[..]),
                (b"authorization", value.as_bytes()),
            ];
            engine.decide(
                &Request::new(request),
                at(seconds),
                Patience::Waiting,
                &NoHost,
            )
        };
        let source = engine.due(at(0), &NoHost)[0].source;
        engine.complete(source, Ok(document.as_bytes()), at(0), &NoHost);
        assert_eq!(label(&ask(&engine, 1)), labels[0], "{key_issuer}");
        engine.want(source, FetchCause::UnknownKid);
        if !engine.due(at(1), &NoHost).is_empty() {
            engine.complete(source, Ok(document.as_bytes()), at(1), &NoHost);
        }
        assert_eq!(label(&ask(&engine, 2)), labels[1], "{key_issuer}");
    }
}
