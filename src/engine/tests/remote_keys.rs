//! Tests of providers that fetch their keys. Among other things, the tests cover how requests wait
//! for keys, and how the engine decides without keys.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::rc::Rc;

use super::*;
use crate::{
    jose::KeySetLimits,
    keys::{
        Caching, Document, Fetch, FetchCause, FetchError, FetchOutcome, FetchResponse, Order,
        PreloadError, Progress, Reading, Record, SourceId, Version, WriteError,
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

/// Returns the only call that is due. Panics unless exactly one call is due.
fn call(engine: &mut Engine, second: i64) -> Fetch {
    let mut calls = engine.due(at(second));
    assert_eq!(calls.len(), 1);
    calls.remove(0)
}

/// An engine that has just fetched keys for an unknown `kid`, so a cool-down has begun.
fn in_cooldown(rest: Value) -> Engine {
    let mut engine = remote_with(rest);
    let fetch = call(&mut engine, 0);
    engine.complete(&fetch, document(JWKS), at(0));
    let Decision::AwaitKeys(wanted) = ask(&engine, Patience::Waiting, 1) else {
        panic!("the first request waits")
    };
    engine.want(wanted);
    let fetch = call(&mut engine, 1);
    engine.complete(&fetch, document(JWKS), at(2));
    engine
}

fn ended(progress: Progress) -> FetchOutcome {
    match progress {
        Progress::Ended(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn waits_for_keys_and_reports_when_they_are_unavailable() {
    let mut engine = remote();
    assert_eq!(label(&ask(&engine, Patience::Waiting, 0)), "await_keys");
    assert_eq!(
        label(&ask(&engine, Patience::Exhausted, 0)),
        "keys_unavailable"
    );
    let fetch = call(&mut engine, 0);
    assert_eq!(engine.due(at(0)), [], "one lease");
    engine.complete(&fetch, Err(FetchError::Status(500)), at(0));
    let Decision::Deny(denial) = ask(&engine, Patience::Waiting, 0) else {
        panic!()
    };
    assert_eq!(denial.reason, Reason::KeysUnavailable);
    // The client should retry after one second plus jitter, rounded up to whole seconds.
    assert!((1..=2).contains(&denial.retry_after.unwrap()));
}

#[test]
fn keeps_the_last_good_keys_through_bad_documents() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0);
    engine.complete(&fetch, document(JWKS), at(0));
    for (second, bad) in (600..)
        .step_by(100)
        .zip(["{}", "", "[]", r#"{"keys":[]}"#, "{"])
    {
        let fetch = call(&mut engine, second);
        let outcome = ended(engine.complete(&fetch, document(bad), at(second)));
        assert_eq!(outcome.keys, Err(FetchError::Document), "{bad}");
        let now = at(second);
        let provider = outcome.providers[0];
        assert!(matches!(
            engine.keys().keys(provider, now),
            Some(crate::keys::Keys::Serving(..))
        ));
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

#[test]
fn serves_the_keys_of_the_latest_record() {
    let mut engine = remote();
    engine.share(Box::new(Contended::default()));
    let fetch = call(&mut engine, 0);
    let outcome = ended(engine.complete(&fetch, document(JWKS), at(0)));
    assert!(engine.synchronize());
    let provider = outcome.providers[0];
    let Some(crate::keys::Keys::Serving(key_set, _)) = engine.keys().keys(provider, at(0)) else {
        panic!()
    };
    assert_eq!(key_set.keys()[0].kid(), Some("newer"));
}

#[test]
fn fetches_once_for_an_unknown_kid() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0);
    engine.complete(&fetch, document(JWKS), at(0));
    let Decision::AwaitKeys(wanted) = ask(&engine, Patience::Waiting, 1) else {
        panic!()
    };
    assert_eq!(wanted.cause, FetchCause::UnknownKid);
    engine.want(wanted);
    let fetch = call(&mut engine, 1);
    assert_eq!(label(&ask(&engine, Patience::Waiting, 1)), "await_keys");
    engine.complete(&fetch, document(JWKS), at(1));
    assert_eq!(label(&ask(&engine, Patience::Waiting, 2)), "unknown_key");
    engine.want(wanted);
    assert_eq!(engine.due(at(2)), []);
}

#[test]
fn fetches_nothing_for_an_unknown_kid_of_an_expired_token() {
    let mut engine = remote();
    let fetch = call(&mut engine, 9500);
    engine.complete(&fetch, document(JWKS), at(9500));
    let decision = ask(&engine, Patience::Waiting, 9600);
    assert_eq!(label(&decision), "unknown_key");
    assert_eq!(engine.due(at(9600)), []);
}

/// With `key_issuer: match`, a key that belongs to another issuer must not verify the token. The
/// right key may be in a newer key set, so the key set is fetched once more, as it is for an
/// unknown `kid`.
#[test]
fn fetches_once_for_a_key_of_the_issuer() {
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
            engine
                .decide(
                    &Request::new(request),
                    None,
                    at(seconds),
                    Patience::Waiting,
                    &NoConnection,
                )
                .decision
        };
        let fetch = call(&mut engine, 0);
        engine.complete(&fetch, self::document(&document), at(0));
        assert_eq!(label(&ask(&engine, 1)), labels[0], "{key_issuer}");
        if let Decision::AwaitKeys(wanted) = ask(&engine, 1) {
            engine.want(wanted);
            let fetch = call(&mut engine, 1);
            engine.complete(&fetch, self::document(&document), at(1));
        }
        assert_eq!(label(&ask(&engine, 2)), labels[1], "{key_issuer}");
    }
}

#[test]
fn discards_a_response_that_arrives_after_the_lease_is_lost() {
    let mut engine = remote();
    let late = call(&mut engine, 0);
    // The lease has expired: it lasts for the timeout of one second plus a margin of one second.
    let current = call(&mut engine, 2);
    let progress = engine.complete(&late, document(JWKS), at(2));
    assert_eq!(progress, Progress::Superseded);
    assert_eq!(label(&ask(&engine, Patience::Waiting, 2)), "await_keys");
    ended(engine.complete(&current, document(JWKS), at(2)));
    assert_eq!(
        label(&ask(&engine, Patience::Exhausted, 40)),
        "keys_unavailable"
    );
}

#[test]
fn says_why_a_document_cannot_replace_a_fetched_one() {
    let (first, document) = (ProviderId::new(0), FetchError::Document);
    for (mut engine, body, refused) in [
        (remote(), "{}", Err(PreloadError::Document(document))),
        (remote(), JWKS, Ok(())),
        // The keys of this provider are in the configuration.
        (engine(json!({})), JWKS, Err(PreloadError::NotFetched)),
    ] {
        let preloaded = engine.preload(first, body.as_bytes(), at(0));
        assert_eq!(preloaded, refused, "{body}");
    }
}

#[test]
fn a_call_that_is_given_up_delays_no_worker() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0);
    engine.abandon(&fetch);
    call(&mut engine, 0);
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

#[test]
fn asks_whether_the_key_set_has_changed() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0);
    assert_eq!(fetch.if_none_match, None);
    engine.complete(&fetch, tagged(), at(0));
    let fetch = call(&mut engine, 595);
    assert_eq!(fetch.if_none_match.as_deref(), Some("\"1\""));
    let unchanged = || {
        Ok(FetchResponse::NotModified {
            caching: Caching::default(),
        })
    };
    let outcome = ended(engine.complete(&fetch, unchanged(), at(595)));
    assert_eq!(outcome.keys, Ok(1));
    assert_eq!(engine.due(at(1189)), [], "fresh again");
    // The next key set has no entity tag, so a later 304 response cannot refer to it and is an
    // error.
    let fetch = call(&mut engine, 1190);
    engine.complete(&fetch, document(JWKS), at(1190));
    let fetch = call(&mut engine, 1785);
    assert_eq!(fetch.if_none_match, None);
    let outcome = ended(engine.complete(&fetch, unchanged(), at(1785)));
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
    let fetch = call(&mut engine, 0);
    assert!(fetch.headers().contains(&("accept", "application/json")));
    let uri = "https://a.example/.well-known/openid-configuration";
    assert_eq!(
        (fetch.endpoint.uri.as_str(), fetch.endpoint.cluster.as_str()),
        (uri, "as")
    );
    // An authorization server that does not support OpenID Connect serves its metadata at another
    // path.
    let fetch = next(engine.complete(&fetch, Err(FetchError::Status(404)), at(0)));
    let uri = "https://a.example/.well-known/oauth-authorization-server";
    assert_eq!(
        (fetch.endpoint.uri.as_str(), fetch.endpoint.cluster.as_str()),
        (uri, "as")
    );
    assert_eq!(
        engine.due(at(3)),
        [],
        "one lease covers all calls of a fetch"
    );
    let fetch = next(engine.complete(&fetch, document(&metadata.to_string()), at(1)));
    let endpoint = &fetch.endpoint;
    assert_eq!(
        (endpoint.uri.as_str(), endpoint.cluster.as_str()),
        ("https://keys.example/a", "keys")
    );
    let types = "application/jwk-set+json, application/json";
    assert!(fetch.headers().contains(&("accept", types)));
    assert_eq!(
        ended(engine.complete(&fetch, document(JWKS), at(1))).keys,
        Ok(1)
    );
    assert_eq!(label(&ask(&engine, Patience::Waiting, 1)), "await_keys");
}

/// At another address, the same entity tag could stand for other keys, so it is not sent there.
#[test]
fn asks_only_at_the_address_of_the_keys_whether_they_have_changed() {
    for (address, expected) in [
        ("https://keys.example/a", Some("\"1\"")),
        ("https://keys.example/b", None),
    ] {
        let metadata = |uri| json!({"issuer": "https://a.example", "jwks_uri": uri}).to_string();
        let mut engine = discovering();
        let fetch = call(&mut engine, 0);
        let answer = document(&metadata("https://keys.example/a"));
        let fetch = next(engine.complete(&fetch, answer, at(0)));
        engine.complete(&fetch, tagged(), at(0));
        let fetch = call(&mut engine, 595);
        assert_eq!(fetch.if_none_match, None, "the metadata has no entity tag");
        let fetch = next(engine.complete(&fetch, document(&metadata(address)), at(595)));
        assert_eq!(fetch.if_none_match.as_deref(), expected, "{address}");
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
        engine.complete(&fetch, document(&keys.to_string()), at(0));
        let header = json!({"alg": "ES256", "kid": "x"});
        let claims = json!({
            "iss": "https://a.example", "sub": "spiffe://example.org/a",
            "aud": "orders", "exp": NOW + 300,
        });
        let decision = bearer(&engine, &sign(&[0; 256], &header, &claims));
        assert_eq!(label(&decision), expected, "{purpose}");
    }
}

/// An engine whose providers fetch their keys from these addresses.
fn fetching_from(addresses: &[&str]) -> Engine {
    Engine::new(Config::parse(configuration_with(addresses).to_string().as_bytes()).unwrap())
}

fn configuration_with(addresses: &[&str]) -> Value {
    let provider = |(place, address): (usize, &&str)| {
        let name = ["a", "b", "c"][place];
        let mut own = provider(name, &SECRET);
        own.as_object_mut().unwrap().remove("shared_secrets");
        own["remote_jwks"] = json!({
            "http_uri": {"uri": address, "cluster": "as", "timeout": "1s"},
        });
        (name.to_owned(), own)
    };
    let providers: serde_json::Map<_, _> = addresses.iter().enumerate().map(provider).collect();
    json!({
        "providers": providers,
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
    })
}

#[test]
fn providers_share_keys_only_if_they_fetch_the_same_keys() {
    let (one, other) = ("https://one.example/jwks", "https://other.example/jwks");
    let config = configuration_with(&[one, one, other]);
    let mut engine = Engine::new(Config::parse(config.to_string().as_bytes()).unwrap());
    let calls = engine.due(at(0));
    let addresses: Vec<_> = calls
        .iter()
        .map(|call| call.endpoint.uri.as_str())
        .collect();
    assert_eq!(addresses, [one, other]);
    let config = Config::parse(config.to_string().as_bytes()).unwrap();
    let records: Vec<_> = config
        .providers()
        .filter_map(|(_, provider)| Some(provider.remote_keys()?.identity(LIMITS)))
        .collect();
    assert_eq!(records[0], records[1]);
    assert_ne!(records[0], records[2]);
}

#[test]
fn each_provider_has_the_keys_of_its_own_address() {
    let addresses = [
        "https://a.example/",
        "https://b.example/",
        "https://c.example/",
    ];
    let mut engine = fetching_from(&addresses);
    for (fetch, kid) in engine.due(at(0)).iter().zip(["1", "2", "3"]) {
        let keys = JWKS.replace(r#""kid":"k""#, &format!(r#""kid":"{kid}""#));
        ended(engine.complete(fetch, document(&keys), at(0)));
    }
    let kids = [0, 1, 2].map(
        |place| match engine.keys().keys(ProviderId::new(place), at(0)) {
            Some(crate::keys::Keys::Serving(key_set, _)) => key_set.keys()[0].kid(),
            other => panic!("{other:?}"),
        },
    );
    assert_eq!(kids, [Some("1"), Some("2"), Some("3")]);
    assert!(!engine.keys().is_empty());
    assert!(self::engine(json!({})).keys().is_empty());
}

/// An even number of new records is new too.
#[test]
fn reports_that_two_records_are_new() {
    let records = Contended::default();
    let mut other = remote();
    other.share(Box::new(records.clone()));
    let fetch = call(&mut other, 0);
    other.complete(&fetch, document(JWKS), at(0));
    let mut engine = fetching_from(&["https://a.example/", "https://b.example/"]);
    engine.share(Box::new(records));
    assert!(engine.synchronize());
    assert!(!engine.synchronize());
}

/// Several keys without `kid` are reported when they arrive, but not again while the key set stays
/// the same.
#[test]
fn reports_keys_without_kid_once() {
    let key = |secret| {
        let signer = ed25519_dalek::SigningKey::from_bytes(&[secret; 32]);
        let x = base64url::encode(signer.verifying_key().as_bytes());
        json!({"kty": "OKP", "crv": "Ed25519", "x": x})
    };
    let nameless = json!({"keys": [key(1), key(2)]}).to_string();
    let mut engine = remote();
    for (second, body, is_reported) in [
        (0, &*nameless, true),
        (600, &nameless, false),
        (1200, JWKS, false),
        (1800, &nameless, true),
    ] {
        let fetch = call(&mut engine, second);
        let outcome = ended(engine.complete(&fetch, document(body), at(second)));
        assert_eq!(outcome.nameless.is_some(), is_reported, "{second}");
    }
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
        let fetch = call(&mut engine, 0);
        let outcome = ended(engine.complete(&fetch, answer, at(0)));
        assert_eq!(outcome.keys, Err(expected));
    }
    let mut engine = discovering();
    let fetch = call(&mut engine, 0);
    let fetch = next(engine.complete(&fetch, document("<html>"), at(0)));
    let outcome = ended(engine.complete(&fetch, document("<html>"), at(0)));
    assert_eq!(outcome.keys, Err(FetchError::Metadata));
    // If one metadata address answers 404, the error at the other address must still be reported.
    let absent = || Err(FetchError::Status(404));
    for (first, second) in [
        (document("<html>"), absent()),
        (absent(), document("<html>")),
    ] {
        let mut engine = discovering();
        let fetch = call(&mut engine, 0);
        let fetch = next(engine.complete(&fetch, first, at(0)));
        let outcome = ended(engine.complete(&fetch, second, at(0)));
        assert_eq!(outcome.keys, Err(FetchError::Metadata));
    }
}

#[test]
fn tokens_without_a_key_cause_one_read_per_millisecond() {
    let records = Contended::default();
    let [mut engine, mut other] = [(); 2].map(|()| remote());
    engine.share(Box::new(records.clone()));
    other.share(Box::new(records.clone()));
    records.0.reads.set(0);
    let refused = ask(&engine, Patience::Exhausted, 0);
    assert_eq!(label(&refused), "keys_unavailable");
    for _ in 0..5 {
        assert!(!engine.synchronize_for(&refused, at(0)));
    }
    assert_eq!(records.0.reads.get(), 1);
    // Another worker writes the record. The engine reads the record once in the next millisecond.
    let fetch = call(&mut other, 0);
    other.complete(&fetch, document(JWKS), at(0));
    records.0.reads.set(0);
    let next = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000 + 1);
    assert!(engine.synchronize_for(&refused, next));
    assert!(!engine.synchronize_for(&refused, next));
    assert_eq!(records.0.reads.get(), 1);
}

/// During the cool-down, other workers hardly ever write the shared record, so it is read less
/// often.
#[test]
fn unknown_kids_cause_fewer_reads_during_the_cooldown() {
    let records = Contended::default();
    let mut engine = in_cooldown(json!({}));
    engine.share(Box::new(records.clone()));
    let refused = ask(&engine, Patience::Waiting, 11);
    assert_eq!(label(&refused), "unknown_key");
    for (seconds, milliseconds, reads) in [
        (11, 0, 1),
        (11, 19, 1),
        (11, 20, 2),
        (30, 0, 3),
        (31, 0, 4),
        (31, 1, 5),
        // The clock was set back.
        (12, 0, 6),
    ] {
        let now = at(seconds).plus(core::time::Duration::from_millis(milliseconds));
        assert!(!engine.synchronize_for(&refused, now));
        assert_eq!(records.0.reads.get(), reads, "{seconds}.{milliseconds}");
    }
}

/// After a fetch for an unknown `kid`, a cool-down begins. Until it ends, an unknown `kid` causes
/// no fetch. An attacker who invents `kid`s could start one cool-down after another. If tokens that
/// are signed with new keys were then answered with 401, clients would discard these tokens. If the
/// answer is 503, clients keep them.
#[test]
fn a_kid_during_the_cooldown_is_401_or_503_as_configured() {
    for (answer, hidden) in [(401, "unknown_key"), (503, "keys_unavailable")] {
        let engine = in_cooldown(json!({"remote_jwks": {"unknown_kid_answer": answer}}));
        let waited = ask(&engine, Patience::Waited(at(1)), 2);
        assert_eq!(
            label(&waited),
            "unknown_key",
            "keys were already fetched for this kid: {answer}"
        );
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
fn a_kid_is_hidden_during_the_backoff() {
    let rest = json!({"remote_jwks": {"unknown_kid_answer": 503, "cache_duration": "60s"}});
    let mut engine = remote_with(rest);
    let fetch = call(&mut engine, 0);
    engine.complete(&fetch, document(JWKS), at(0));
    let fetch = call(&mut engine, 55);
    engine.complete(&fetch, Err(FetchError::Status(500)), at(55));
    assert_eq!(
        label(&ask(&engine, Patience::Waited(at(54)), 55)),
        "keys_unavailable"
    );
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
        let outcome = ended(engine.complete(&fetch, document(&jwks), at(0)));
        assert_eq!(outcome.keys, Ok(1));
        assert_eq!(
            label(&ask(&engine, Patience::Waiting, 1)),
            expected,
            "{binding}"
        );
    }
}
