//! Tokens whose key is not in the key set.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// An engine that has just fetched keys for an unknown `kid`, so a cool-down has begun.
fn in_cooldown(rest: Value) -> Engine {
    let mut engine = remote_with(rest);
    let fetch = call(&mut engine, 0);
    engine.keys_mut().complete(&fetch, document(JWKS), at(0));
    let Decision::AwaitKeys(wanted) = ask(&engine, Patience::Waiting, 1) else {
        panic!("the first request waits")
    };
    engine.keys_mut().want(wanted);
    let fetch = call(&mut engine, 1);
    engine.keys_mut().complete(&fetch, document(JWKS), at(2));
    engine
}

#[test]
fn fetches_once_for_an_unknown_kid() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0);
    engine.keys_mut().complete(&fetch, document(JWKS), at(0));
    let Decision::AwaitKeys(wanted) = ask(&engine, Patience::Waiting, 1) else {
        panic!()
    };
    assert_eq!(wanted.cause, FetchCause::UnknownKid);
    engine.keys_mut().want(wanted);
    let fetch = call(&mut engine, 1);
    assert_eq!(label(&ask(&engine, Patience::Waiting, 1)), "await_keys");
    engine.keys_mut().complete(&fetch, document(JWKS), at(1));
    assert_eq!(label(&ask(&engine, Patience::Waiting, 2)), "unknown_key");
    engine.keys_mut().want(wanted);
    assert_eq!(engine.keys_mut().due(at(2)), []);
}

/// A request lacked a key before this worker got a newer key set. If the request still caused a
/// fetch, the cool-down would begin for nothing, and the next new key would be refused until its
/// end.
#[test]
fn a_key_set_that_has_arrived_meanwhile_answers_for_an_unknown_kid() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0);
    engine.keys_mut().complete(&fetch, document(JWKS), at(0));
    let Decision::AwaitKeys(outdated) = ask(&engine, Patience::Waiting, 1) else {
        panic!()
    };
    let records = Contended::default();
    let mut other = remote();
    other.keys_mut().share(Box::new(records.clone()));
    let fetch = call(&mut other, 2);
    other.keys_mut().complete(&fetch, document(JWKS), at(2));
    engine.keys_mut().want(outdated);
    engine.keys_mut().share(Box::new(records));
    assert_eq!(engine.keys_mut().synchronize(), News::Ended);
    assert_eq!(engine.keys_mut().due(at(3)), []);
    // The request is decided again. If its key is still missing, it causes a fetch.
    let Decision::AwaitKeys(wanted) = ask(&engine, Patience::Waiting, 3) else {
        panic!()
    };
    engine.keys_mut().want(wanted);
    engine.keys_mut().want(outdated);
    call(&mut engine, 3);
}

#[test]
fn fetches_nothing_for_an_unknown_kid_of_an_expired_token() {
    let mut engine = remote();
    let fetch = call(&mut engine, 9500);
    engine.keys_mut().complete(&fetch, document(JWKS), at(9500));
    let decision = ask(&engine, Patience::Waiting, 9600);
    assert_eq!(label(&decision), "unknown_key");
    assert_eq!(engine.keys_mut().due(at(9600)), []);
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
        engine
            .keys_mut()
            .complete(&fetch, self::document(&document), at(0));
        assert_eq!(label(&ask(&engine, 1)), labels[0], "{key_issuer}");
        if let Decision::AwaitKeys(wanted) = ask(&engine, 1) {
            engine.keys_mut().want(wanted);
            let fetch = call(&mut engine, 1);
            engine
                .keys_mut()
                .complete(&fetch, self::document(&document), at(1));
        }
        assert_eq!(label(&ask(&engine, 2)), labels[1], "{key_issuer}");
    }
}

#[test]
fn tokens_without_a_key_cause_one_read_per_millisecond() {
    let records = Contended::default();
    let [mut engine, mut other] = [(); 2].map(|()| remote());
    engine.keys_mut().share(Box::new(records.clone()));
    other.keys_mut().share(Box::new(records.clone()));
    records.0.reads.set(0);
    let refused = ask(&engine, Patience::Exhausted, 0);
    assert_eq!(label(&refused), "keys_unavailable");
    for _ in 0..5 {
        assert_eq!(engine.synchronize_for(&refused, at(0)), News::Nothing);
    }
    assert_eq!(records.0.reads.get(), 1);
    // Another worker writes the record. The engine reads the record once in the next millisecond.
    let fetch = call(&mut other, 0);
    other.keys_mut().complete(&fetch, document(JWKS), at(0));
    records.0.reads.set(0);
    let next = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000 + 1);
    assert_eq!(engine.synchronize_for(&refused, next), News::Ended);
    assert_eq!(engine.synchronize_for(&refused, next), News::Nothing);
    assert_eq!(records.0.reads.get(), 1);
}

/// During the cool-down, other workers hardly ever write the shared record, so it is read less
/// often.
#[test]
fn unknown_kids_cause_fewer_reads_during_the_cooldown() {
    let records = Contended::default();
    let mut engine = in_cooldown(json!({}));
    engine.keys_mut().share(Box::new(records.clone()));
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
        assert_eq!(engine.synchronize_for(&refused, now), News::Nothing);
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
    engine.keys_mut().complete(&fetch, document(JWKS), at(0));
    let fetch = call(&mut engine, 55);
    engine
        .keys_mut()
        .complete(&fetch, Err(FetchError::Status(500)), at(55));
    assert_eq!(
        label(&ask(&engine, Patience::Waited(at(54)), 55)),
        "keys_unavailable"
    );
}
