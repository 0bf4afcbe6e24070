//! Waiting for keys, and doing without.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::{
    host::{Expected, SetSharedDataError, SharedData},
    keys::{Answer, Caching, FetchOutcome, Progress},
};

fn remote() -> Engine {
    remote_with(json!({}))
}

/// A provider with fetched keys and what `rest` adds.
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
    engine.decide(&request, None, at(seconds), patience, &NoHost)
}

const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn document(body: &str) -> Result<Answer, FetchError> {
    Ok(Answer::Document {
        body: body.into(),
        caching: Caching::default(),
    })
}

/// The call that is due.
fn call(engine: &mut Engine, second: i64, host: &dyn Host) -> Fetch {
    let mut calls = engine.due(at(second), host);
    assert_eq!(calls.len(), 1);
    calls.remove(0)
}

fn ended(progress: Progress) -> FetchOutcome {
    match progress {
        Progress::Ended(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn waits_for_keys_and_says_when_they_cannot_be_had() {
    let mut engine = remote();
    assert_eq!(label(&ask(&engine, Patience::Waiting, 0)), "await_keys");
    assert_eq!(
        label(&ask(&engine, Patience::Exhausted, 0)),
        "keys_unavailable"
    );
    let fetch = call(&mut engine, 0, &NoHost);
    assert_eq!(engine.due(at(0), &NoHost), [], "one lease");
    engine.complete(&fetch, Err(FetchError::Status(500)), at(0), &NoHost);
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
    let fetch = call(&mut engine, 0, &NoHost);
    engine.complete(&fetch, document(JWKS), at(0), &NoHost);
    for (second, bad) in (600..)
        .step_by(100)
        .zip(["{}", "", "[]", r#"{"keys":[]}"#, "{"])
    {
        let fetch = call(&mut engine, second, &NoHost);
        let outcome = ended(engine.complete(&fetch, document(bad), at(second), &NoHost));
        assert_eq!(outcome.keys, Err(FetchError::Document), "{bad}");
        let now = at(second);
        let provider = outcome.providers[0];
        assert!(matches!(
            engine.keys().keys(provider, now),
            Some(crate::keys::Keys::Serving(..))
        ));
    }
}

/// Shared data in which another worker writes a newer document right behind each write. Counts how
/// often it is read.
#[derive(Default)]
struct Contended {
    entry: RefCell<Option<SharedData>>,
    reads: core::cell::Cell<u32>,
}

impl Host for Contended {
    fn shared_data(&self, _: &str) -> Option<SharedData> {
        self.reads.set(self.reads.get() + 1);
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
}

#[test]
fn serves_the_keys_of_the_record_that_stands() {
    let (mut engine, host) = (remote(), Contended::default());
    let fetch = call(&mut engine, 0, &host);
    let outcome = ended(engine.complete(&fetch, document(JWKS), at(0), &host));
    let provider = outcome.providers[0];
    let Some(crate::keys::Keys::Serving(key_set, _)) = engine.keys().keys(provider, at(0)) else {
        panic!()
    };
    assert_eq!(key_set.keys()[0].kid(), Some("newer"));
}

#[test]
fn looks_once_for_an_unknown_kid() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0, &NoHost);
    engine.complete(&fetch, document(JWKS), at(0), &NoHost);
    let Decision::AwaitKeys { source, cause } = ask(&engine, Patience::Waiting, 1) else {
        panic!()
    };
    assert_eq!(cause, FetchCause::UnknownKid);
    engine.want(source, cause);
    let fetch = call(&mut engine, 1, &NoHost);
    assert_eq!(label(&ask(&engine, Patience::Waiting, 1)), "await_keys");
    engine.complete(&fetch, document(JWKS), at(1), &NoHost);
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
                None,
                at(seconds),
                Patience::Waiting,
                &NoHost,
            )
        };
        let fetch = call(&mut engine, 0, &NoHost);
        engine.complete(&fetch, self::document(&document), at(0), &NoHost);
        assert_eq!(label(&ask(&engine, 1)), labels[0], "{key_issuer}");
        if let Decision::AwaitKeys { source, cause } = ask(&engine, 1) {
            engine.want(source, cause);
            let fetch = call(&mut engine, 1, &NoHost);
            engine.complete(&fetch, self::document(&document), at(1), &NoHost);
        }
        assert_eq!(label(&ask(&engine, 2)), labels[1], "{key_issuer}");
    }
}

#[test]
fn throws_away_what_comes_after_the_lease_has_gone() {
    let mut engine = remote();
    let late = call(&mut engine, 0, &NoHost);
    // A timeout of one second and a margin of one.
    let current = call(&mut engine, 2, &NoHost);
    let progress = engine.complete(&late, document(JWKS), at(2), &NoHost);
    assert_eq!(progress, Progress::Superseded);
    assert_eq!(label(&ask(&engine, Patience::Waiting, 2)), "await_keys");
    ended(engine.complete(&current, document(JWKS), at(2), &NoHost));
    assert_eq!(
        label(&ask(&engine, Patience::Exhausted, 40)),
        "keys_unavailable"
    );
}

#[test]
fn a_call_that_is_given_up_delays_nobody() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0, &NoHost);
    engine.abandon(&fetch, &NoHost);
    call(&mut engine, 0, &NoHost);
}

#[test]
fn asks_whether_the_key_set_still_stands() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0, &NoHost);
    assert_eq!(fetch.if_none_match, None);
    let tagged = Ok(Answer::Document {
        body: JWKS.into(),
        caching: Caching {
            etag: Some("\"1\"".into()),
            max_age: None,
        },
    });
    engine.complete(&fetch, tagged, at(0), &NoHost);
    let fetch = call(&mut engine, 595, &NoHost);
    assert_eq!(fetch.if_none_match.as_deref(), Some("\"1\""));
    let unchanged = || {
        Ok(Answer::NotModified {
            caching: Caching::default(),
        })
    };
    let outcome = ended(engine.complete(&fetch, unchanged(), at(595), &NoHost));
    assert_eq!(outcome.keys, Ok(1));
    assert_eq!(engine.due(at(1189), &NoHost), [], "fresh again");
    // A set without a tag: there is no question to which 304 would be an answer.
    let fetch = call(&mut engine, 1190, &NoHost);
    engine.complete(&fetch, document(JWKS), at(1190), &NoHost);
    let fetch = call(&mut engine, 1785, &NoHost);
    assert_eq!(fetch.if_none_match, None);
    let outcome = ended(engine.complete(&fetch, unchanged(), at(1785), &NoHost));
    assert_eq!(outcome.keys, Err(FetchError::Status(304)));
}

fn discovering() -> Engine {
    remote_with(json!({
        "remote_jwks": Value::Null,
        "discovery": { "cluster": "as", "jwks_cluster": "keys", "timeout": "1s" },
    }))
}

fn next(progress: Progress) -> Fetch {
    match progress {
        Progress::Next(fetch) => fetch,
        other => panic!("{other:?}"),
    }
}

#[test]
fn finds_the_keys_by_the_issuers_metadata() {
    let metadata = json!({"issuer": "https://a.example", "jwks_uri": "https://keys.example/a"});
    let mut engine = discovering();
    let fetch = call(&mut engine, 0, &NoHost);
    let uri = "https://a.example/.well-known/openid-configuration";
    assert_eq!(
        (fetch.endpoint.uri.as_str(), fetch.endpoint.cluster.as_str()),
        (uri, "as")
    );
    // An authorization server without OpenID Connect has it elsewhere.
    let fetch = next(engine.complete(&fetch, Err(FetchError::Status(404)), at(0), &NoHost));
    let uri = "https://a.example/.well-known/oauth-authorization-server";
    assert_eq!(
        (fetch.endpoint.uri.as_str(), fetch.endpoint.cluster.as_str()),
        (uri, "as")
    );
    assert_eq!(engine.due(at(3), &NoHost), [], "the lease is for all calls");
    let fetch = next(engine.complete(&fetch, document(&metadata.to_string()), at(1), &NoHost));
    let endpoint = &fetch.endpoint;
    assert_eq!(
        (endpoint.uri.as_str(), endpoint.cluster.as_str()),
        ("https://keys.example/a", "keys")
    );
    assert_eq!(
        ended(engine.complete(&fetch, document(JWKS), at(1), &NoHost)).keys,
        Ok(1)
    );
    assert_eq!(label(&ask(&engine, Patience::Waiting, 1)), "await_keys");
}

#[test]
fn a_fetch_ends_where_metadata_fails() {
    for (answer, expected) in [
        (Err(FetchError::Status(503)), FetchError::Status(503)),
        (Err(FetchError::Unreachable), FetchError::Unreachable),
        (
            document(r#"{"issuer":"https://b.example","jwks_uri":"https://keys/"}"#),
            FetchError::Issuer,
        ),
        (
            document(r#"{"issuer":"https://a.example","jwks_uri":"http://keys/"}"#),
            FetchError::JwksUri,
        ),
    ] {
        let mut engine = discovering();
        let fetch = call(&mut engine, 0, &NoHost);
        let outcome = ended(engine.complete(&fetch, answer, at(0), &NoHost));
        assert_eq!(outcome.keys, Err(expected));
    }
    let mut engine = discovering();
    let fetch = call(&mut engine, 0, &NoHost);
    let fetch = next(engine.complete(&fetch, document("<html>"), at(0), &NoHost));
    let outcome = ended(engine.complete(&fetch, document("<html>"), at(0), &NoHost));
    assert_eq!(outcome.keys, Err(FetchError::Metadata));
    // That there is nothing at the second place does not hide what is wrong at the first.
    let mut engine = discovering();
    let fetch = call(&mut engine, 0, &NoHost);
    let fetch = next(engine.complete(&fetch, document("<html>"), at(0), &NoHost));
    let absent = Err(FetchError::Status(404));
    let outcome = ended(engine.complete(&fetch, absent, at(0), &NoHost));
    assert_eq!(outcome.keys, Err(FetchError::Metadata));
}

#[test]
fn tokens_that_lack_a_key_have_the_record_read_once_in_a_millisecond() {
    let host = Contended::default();
    let (mut engine, mut other) = (remote(), remote());
    let refused = ask(&engine, Patience::Exhausted, 0);
    assert_eq!(label(&refused), "keys_unavailable");
    for _ in 0..5 {
        assert!(!engine.synchronize_for(&refused, at(0), &host));
    }
    assert_eq!(host.reads.get(), 1);
    // What another worker writes meanwhile is there with the next one.
    let fetch = call(&mut other, 0, &host);
    other.complete(&fetch, document(JWKS), at(0), &host);
    host.reads.set(0);
    let next = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000 + 1);
    assert!(engine.synchronize_for(&refused, next, &host));
    assert!(!engine.synchronize_for(&refused, next, &host));
    assert_eq!(host.reads.get(), 1);
}

/// With 401, one made-up kid in each cool-down makes clients discard good tokens.
#[test]
fn a_kid_that_nobody_may_look_for_is_401_or_503_as_configured() {
    for (answer, hidden) in [(401, "unknown_key"), (503, "keys_unavailable")] {
        let mut engine = remote_with(json!({"remote_jwks": {"unknown_kid_answer": answer}}));
        let fetch = call(&mut engine, 0, &NoHost);
        engine.complete(&fetch, document(JWKS), at(0), &NoHost);
        let Decision::AwaitKeys { source, cause } = ask(&engine, Patience::Waiting, 1) else {
            panic!("the first is waited for")
        };
        engine.want(source, cause);
        let fetch = call(&mut engine, 1, &NoHost);
        engine.complete(&fetch, document(JWKS), at(2), &NoHost);
        let waited = ask(&engine, Patience::Waited(at(1)), 2);
        assert_eq!(label(&waited), "unknown_key", "it was looked for: {answer}");
        let Decision::Deny(denial) = ask(&engine, Patience::Waiting, 11) else {
            panic!("within the cool-down")
        };
        assert_eq!(denial.reason.label(), hidden);
        let wait = (answer == 503).then_some(20);
        assert_eq!(denial.retry_after, wait, "until the cool-down ends");
        assert_eq!(label(&ask(&engine, Patience::Waiting, 31)), "await_keys");
    }
}

#[test]
fn a_kid_is_hidden_while_a_failing_server_is_left_alone() {
    let rest = json!({"remote_jwks": {"unknown_kid_answer": 503, "cache_duration": "60s"}});
    let mut engine = remote_with(rest);
    let fetch = call(&mut engine, 0, &NoHost);
    engine.complete(&fetch, document(JWKS), at(0), &NoHost);
    let fetch = call(&mut engine, 55, &NoHost);
    engine.complete(&fetch, Err(FetchError::Status(500)), at(55), &NoHost);
    assert_eq!(
        label(&ask(&engine, Patience::Waited(at(54)), 55)),
        "keys_unavailable"
    );
}

/// Policies that cannot read each other's records would overwrite them in turn.
#[test]
fn policies_with_different_secrets_have_records_of_their_own() {
    let names = [
        json!(null),
        json!("A".repeat(43)),
        json!("B".repeat(42) + "A"),
    ]
    .map(|key| {
        let mut own = provider("a", &SECRET);
        own.as_object_mut().unwrap().remove("shared_secrets");
        own["remote_jwks"] = json!({
            "http_uri": {"uri": "https://a.example/jwks", "cluster": "as", "timeout": "1s"},
        });
        let config = json!({"providers": {"a": own}, "shared_memory_key": key});
        let config = Config::parse(config.to_string().as_bytes()).unwrap();
        assert!(!format!("{config:?}").contains("[0, 0, 0"), "{config:?}");
        let engine = Engine::new(config);
        let names: Vec<_> = engine.keys().record_names().map(str::to_owned).collect();
        names.concat()
    });
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
}
