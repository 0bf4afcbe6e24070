//! Keys that providers or workers share.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn serves_the_keys_of_the_latest_record() {
    let mut engine = remote();
    engine.keys_mut().share(Box::new(Contended::default()));
    let fetch = call(&mut engine, 0);
    let outcome = ended(engine.keys_mut().complete(&fetch, document(JWKS), at(0)));
    assert_eq!(engine.keys_mut().synchronize(), News::Ended);
    let provider = outcome.providers[0];
    let Some(crate::keys::Keys::Serving(key_set, _)) = engine.keys().keys(provider, at(0)) else {
        panic!()
    };
    assert_eq!(key_set.keys()[0].kid(), Some("newer"));
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
    let calls = engine.keys_mut().due(at(0));
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
    for (fetch, kid) in engine.keys_mut().due(at(0)).iter().zip(["1", "2", "3"]) {
        let keys = JWKS.replace(r#""kid":"k""#, &format!(r#""kid":"{kid}""#));
        ended(engine.keys_mut().complete(fetch, document(&keys), at(0)));
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

/// A lease helps no waiting request. If each lease made all waiting requests be decided again, an
/// outage would cost the most when many requests wait.
#[test]
fn tells_a_fetch_that_has_begun_from_one_that_has_ended() {
    let records = Contended::default();
    let [mut engine, mut other] = [(); 2].map(|()| remote());
    engine.keys_mut().share(Box::new(records.clone()));
    other.keys_mut().share(Box::new(records));
    let mut news = |other: &mut Engine, ended: Option<Fetch>, second| {
        let failed = Err(FetchError::Unreachable);
        let _ = ended.map(|fetch| other.keys_mut().complete(&fetch, failed, at(second)));
        engine.keys_mut().synchronize()
    };
    let fetch = call(&mut other, 0);
    assert_eq!(news(&mut other, None, 0), News::Leased);
    assert_eq!(news(&mut other, Some(fetch), 0), News::Ended);
    let fetch = call(&mut other, 10);
    assert_eq!(news(&mut other, None, 10), News::Leased);
    let _ = other.keys_mut().complete(&fetch, document(JWKS), at(10));
    call(&mut other, 1000);
    let both = "one fetch has ended, and another has begun";
    assert_eq!(news(&mut other, None, 1000), News::Ended, "{both}");
}

/// An even number of new records is new too.
#[test]
fn reports_that_two_records_are_new() {
    let records = Contended::default();
    let mut other = remote();
    other.keys_mut().share(Box::new(records.clone()));
    let fetch = call(&mut other, 0);
    other.keys_mut().complete(&fetch, document(JWKS), at(0));
    let mut engine = fetching_from(&["https://a.example/", "https://b.example/"]);
    engine.keys_mut().share(Box::new(records));
    assert_eq!(engine.keys_mut().synchronize(), News::Ended);
    assert_eq!(engine.keys_mut().synchronize(), News::Nothing);
}
