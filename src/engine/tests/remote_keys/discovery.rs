//! Keys that are found by the metadata of their issuer.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

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
    let fetch = next(
        engine
            .keys_mut()
            .complete(&fetch, Err(FetchError::Status(404)), at(0)),
    );
    let uri = "https://a.example/.well-known/oauth-authorization-server";
    assert_eq!(
        (fetch.endpoint.uri.as_str(), fetch.endpoint.cluster.as_str()),
        (uri, "as")
    );
    assert_eq!(
        engine.keys_mut().due(at(3)),
        [],
        "one lease covers all calls of a fetch"
    );
    let fetch = next(
        engine
            .keys_mut()
            .complete(&fetch, document(&metadata.to_string()), at(1)),
    );
    let endpoint = &fetch.endpoint;
    assert_eq!(
        (endpoint.uri.as_str(), endpoint.cluster.as_str()),
        ("https://keys.example/a", "keys")
    );
    let types = "application/jwk-set+json, application/json";
    assert!(fetch.headers().contains(&("accept", types)));
    assert_eq!(
        ended(engine.keys_mut().complete(&fetch, document(JWKS), at(1))).keys,
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
        let fetch = next(engine.keys_mut().complete(&fetch, answer, at(0)));
        engine.keys_mut().complete(&fetch, tagged(), at(0));
        let fetch = call(&mut engine, 595);
        assert_eq!(fetch.if_none_match, None, "the metadata has no entity tag");
        let fetch = next(
            engine
                .keys_mut()
                .complete(&fetch, document(&metadata(address)), at(595)),
        );
        assert_eq!(fetch.if_none_match.as_deref(), expected, "{address}");
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
        let outcome = ended(engine.keys_mut().complete(&fetch, answer, at(0)));
        assert_eq!(outcome.keys, Err(expected));
    }
    let mut engine = discovering();
    let fetch = call(&mut engine, 0);
    let fetch = next(
        engine
            .keys_mut()
            .complete(&fetch, document("<html>"), at(0)),
    );
    let outcome = ended(
        engine
            .keys_mut()
            .complete(&fetch, document("<html>"), at(0)),
    );
    assert_eq!(outcome.keys, Err(FetchError::Metadata));
    // If one metadata address answers 404, the error at the other address must still be reported.
    let absent = || Err(FetchError::Status(404));
    for (first, second) in [
        (document("<html>"), absent()),
        (absent(), document("<html>")),
    ] {
        let mut engine = discovering();
        let fetch = call(&mut engine, 0);
        let fetch = next(engine.keys_mut().complete(&fetch, first, at(0)));
        let outcome = ended(engine.keys_mut().complete(&fetch, second, at(0)));
        assert_eq!(outcome.keys, Err(FetchError::Metadata));
    }
}
