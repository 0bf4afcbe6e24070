//! Fetches of keys, and what their responses change.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// The response and the filter state give the same reason.
#[test]
fn exports_why_keys_are_missing() {
    let engine = remote_with(json!({"failed_status_in_metadata": "failed"}));
    for (patience, reason) in [
        (Patience::Exhausted, "keys_unavailable"),
        (Patience::Overloaded, "overloaded"),
    ] {
        let Decision::Deny(denial) = ask(&engine, patience, 0) else {
            panic!("{reason}")
        };
        assert_eq!(denial.reason.label(), reason);
        let exported: Vec<_> = denial.exports.iter().map(|own| own.value.text()).collect();
        let expected = json!({"code": 40, "message": reason}).to_string();
        assert_eq!(exported, [expected]);
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
    let Decision::Deny(denial) = ask(&engine, Patience::Overloaded, 0) else {
        panic!("too many requests wait")
    };
    assert_eq!(denial.reason, Reason::Overloaded);
    assert_eq!(denial.retry_after, Some(1));
    let fetch = call(&mut engine, 0);
    assert_eq!(engine.keys_mut().due(at(0)), [], "one lease");
    engine
        .keys_mut()
        .complete(&fetch, Err(FetchError::Status(500)), at(0));
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
    engine.keys_mut().complete(&fetch, document(JWKS), at(0));
    for (second, bad) in (600..)
        .step_by(100)
        .zip(["{}", "", "[]", r#"{"keys":[]}"#, "{"])
    {
        let fetch = call(&mut engine, second);
        let outcome = ended(
            engine
                .keys_mut()
                .complete(&fetch, document(bad), at(second)),
        );
        assert_eq!(outcome.keys, Err(FetchError::Document), "{bad}");
        let now = at(second);
        let provider = outcome.providers[0];
        assert!(matches!(
            engine.keys().keys(provider, now),
            Some(crate::keys::Keys::Serving(..))
        ));
    }
}

#[test]
fn discards_a_response_that_arrives_after_the_lease_is_lost() {
    let mut engine = remote();
    let late = call(&mut engine, 0);
    // The lease has expired: it lasts for the timeout of one second plus a margin of one second.
    let current = call(&mut engine, 2);
    let progress = engine.keys_mut().complete(&late, document(JWKS), at(2));
    assert_eq!(progress, Progress::Superseded);
    assert_eq!(label(&ask(&engine, Patience::Waiting, 2)), "await_keys");
    ended(engine.keys_mut().complete(&current, document(JWKS), at(2)));
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
        let preloaded = engine.keys_mut().preload(first, body.as_bytes(), at(0));
        assert_eq!(preloaded, refused, "{body}");
    }
}

#[test]
fn a_call_that_is_given_up_delays_no_worker() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0);
    engine.keys_mut().abandon(&fetch);
    call(&mut engine, 0);
}

#[test]
fn asks_whether_the_key_set_has_changed() {
    let mut engine = remote();
    let fetch = call(&mut engine, 0);
    assert_eq!(fetch.if_none_match, None);
    engine.keys_mut().complete(&fetch, tagged(), at(0));
    let fetch = call(&mut engine, 595);
    assert_eq!(fetch.if_none_match.as_deref(), Some("\"1\""));
    let unchanged = || {
        Ok(FetchResponse::NotModified {
            caching: Caching::default(),
        })
    };
    let outcome = ended(engine.keys_mut().complete(&fetch, unchanged(), at(595)));
    assert_eq!(outcome.keys, Ok(1));
    assert_eq!(engine.keys_mut().due(at(1189)), [], "fresh again");
    // The next key set has no entity tag, so a later 304 response cannot refer to it and is an
    // error.
    let fetch = call(&mut engine, 1190);
    engine.keys_mut().complete(&fetch, document(JWKS), at(1190));
    let fetch = call(&mut engine, 1785);
    assert_eq!(fetch.if_none_match, None);
    let outcome = ended(engine.keys_mut().complete(&fetch, unchanged(), at(1785)));
    assert_eq!(outcome.keys, Err(FetchError::Status(304)));
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
        let outcome = ended(
            engine
                .keys_mut()
                .complete(&fetch, document(body), at(second)),
        );
        assert_eq!(outcome.nameless.is_some(), is_reported, "{second}");
    }
}
