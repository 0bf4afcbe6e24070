//! Tests that an older configuration also refuses what a newer configuration of the same policy
//! refuses.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// An engine with the configuration `own`. It first verifies `tokens`, and then gets the
/// restrictions of the configuration `newest`.
fn restricted(own: Value, newest: Value, tokens: &[&str]) -> Engine {
    let mut engine = engine(own);
    for token in tokens {
        assert!(matches!(bearer(&engine, token), Decision::Permit(_)));
    }
    let newest = super::engine(newest).shared_config();
    engine.restrict(Some(Restrictions::new(newest)));
    engine
}

#[test]
fn adopts_the_refusals_of_the_newest_configuration_only() {
    let stolen = token("a", json!({"jti": "t-1"}));
    let other = token("a", json!({"jti": "t-2"}));
    let revoking = json!({"jti": ["t-1"]});
    for (own, newest, expected) in [
        (json!({}), json!({}), ["verified", "verified"]),
        (
            json!({}),
            json!({"revoked": revoking}),
            ["revoked", "verified"],
        ),
        (
            json!({}),
            json!({"enabled": false}),
            ["provider_disabled", "provider_disabled"],
        ),
        // Other changes in the newer configuration do not affect the older one.
        (
            json!({}),
            json!({"audiences": ["elsewhere"], "client_ids": ["nobody"]}),
            ["verified", "verified"],
        ),
    ] {
        let of_a = |own: &Value| json!({"providers": {"a": own}});
        let engine = restricted(of_a(&own), of_a(&newest), &[&stolen, &other]);
        let new_token = token("a", json!({"jti": "t-1", "iat": NOW}));
        for (token, expected) in [
            (&stolen, expected[0]),
            (&other, expected[1]),
            (&new_token, expected[0]),
        ] {
            assert_eq!(label(&bearer(&engine, token)), expected, "{newest}");
        }
    }
    let mut pardoned = engine(json!({"providers": {"a": {"revoked": revoking}}}));
    pardoned.restrict(Some(Restrictions::new(engine(json!({})).shared_config())));
    assert_eq!(label(&bearer(&pardoned, &stolen)), "revoked");
}

/// A provider that is missing from the newer configuration may have been renamed, so its tokens are
/// still accepted.
#[test]
fn keeps_a_provider_that_the_newest_configuration_lacks() {
    let good = token("a", json!({"jti": "t-1"}));
    let mut engine = engine(json!({}));
    let newest = json!({"providers": {"z": provider("z", &SECRET)}});
    let newest = Config::parse(newest.to_string().as_bytes()).unwrap();
    engine.restrict(Some(Restrictions::new(Arc::new(newest))));
    assert_eq!(label(&bearer(&engine, &good)), "verified");
}

#[test]
fn a_revoked_token_gives_no_identity_even_if_failures_are_forgiven() {
    let stolen = token("a", json!({"jti": "t-1"}));
    let own = json!({"rules": [
        {"match": {"prefix": "/"}, "requires": {"allow_missing_or_failed": {}}},
    ]});
    let newest = json!({"providers": {"a": {"revoked": {"jti": ["t-1"]}}}});
    let engine = restricted(own, newest, &[&stolen]);
    assert_eq!(label(&bearer(&engine, &stolen)), "lenient");
}

/// In the older configuration, the provider accepts tokens. In the newer configuration, it has a
/// client with a secret and accepts no tokens.
#[test]
fn refuses_tokens_of_a_provider_that_now_accepts_secrets() {
    let good = token("a", json!({}));
    let mut engine = engine(json!({}));
    assert_eq!(label(&bearer(&engine, &good)), "verified");
    let jobs = json!({"client_secrets": {"clients": {
        "batch": {"secret_hashes": [client_secrets::hash("old")]},
    }}});
    let newest = json!({"providers": {"a": jobs}}).to_string();
    let newest = Config::parse(newest.as_bytes()).unwrap();
    engine.restrict(Some(Restrictions::new(Arc::new(newest))));
    assert_eq!(label(&bearer(&engine, &good)), "provider_disabled");
}

/// In the older configuration, the provider has a client with a secret. In the newer configuration,
/// it accepts tokens and has no clients.
#[test]
fn refuses_clients_of_a_provider_that_now_accepts_tokens() {
    let jobs = json!({"client_secrets": {"clients": {
        "batch": {"secret_hashes": [client_secrets::hash("old")]},
    }}});
    let rules = json!([{"match": {"prefix": "/"}, "requires": {"provider_name": "jobs"}}]);
    let mut engine = engine(json!({"providers": {"jobs": jobs}, "rules": rules}));
    let send = |engine: &Engine| {
        label(&decide(
            engine,
            "/",
            &[("authorization", "Basic YmF0Y2g6b2xk")],
        ))
    };
    assert_eq!(send(&engine), "verified");
    let newest = super::engine(json!({"providers": {"jobs": provider("jobs", &SECRET)}}));
    engine.restrict(Some(Restrictions::new(newest.shared_config())));
    assert_eq!(send(&engine), "bad_client_secret");
}
