//! Tests that the fast path makes the same decisions as the full evaluation.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// Various settings of a provider. Some of them are beyond the fast path, so the full evaluation
/// decides.
fn settings() -> Vec<Value> {
    let claim = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    vec![
        json!({}),
        json!({"forward": true}),
        json!({"claim_to_headers": claim, "clear_route_cache": true}),
        json!({"claim_to_headers": [{"header_name": "x-user", "claim_name": "text"}]}),
        json!({"clear_route_cache": true}),
        json!({"forward_payload_header": "x-payload"}),
        json!({"payload_in_metadata": "payload"}),
        json!({"identity_header": {"header_name": "x-caller", "template": "{sub}"}}),
        json!({"from_headers": [{"name": "x-token"}], "from_params": ["t"], "from_cookies": ["t"]}),
        json!({"enabled": false}),
    ]
}

/// Two engines with equivalent policies. In the second, the requirement is a `requires_any` that
/// lists the same member twice. This requirement means the same as the member alone, but the fast
/// path leaves it to the full evaluation.
fn twins(provider: &Value, authorize: &Value) -> [Engine; 2] {
    let own = json!({"provider_name": "a"});
    let group = json!({"requires_any": {"requirements": [own, own]}});
    [own, group].map(|requires| {
        let mut rule = json!({"match": {"prefix": "/"}, "requires": requires});
        if !authorize.is_null() {
            rule["authorize"] = authorize.clone();
        }
        engine(json!({"providers": {"a": provider}, "rules": [rule]}))
    })
}

#[test]
fn decides_as_the_full_evaluation_does() {
    let good = token("a", json!({"scope": "read"}));
    let poor = token("a", json!({"text": "a\nb"}));
    let expired = token("a", json!({"exp": NOW - 120, "scope": "read"}));
    let bearer = |token: &str| format!("Bearer {token}");
    let several = format!("Bearer {good}, Bearer {good}");
    let in_query = format!("/?access_token={good}");
    let alone = good.clone();
    let (good, poor, expired) = (bearer(&good), bearer(&poor), bearer(&expired));
    let requests: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("/", vec![]),
        ("/", vec![("authorization", &good)]),
        (
            "/",
            vec![("authorization", &good), ("authorization", &good)],
        ),
        ("/", vec![("authorization", &good), ("x_user", "root")]),
        ("/", vec![("authorization", &several)]),
        ("/", vec![("authorization", &poor)]),
        ("/", vec![("authorization", &expired)]),
        ("/", vec![("authorization", "Bearer")]),
        ("/", vec![("authorization", "Basic YTpi")]),
        ("/", vec![("x-token", &alone)]),
        ("/", vec![("cookie", "t=x")]),
        ("/?t=x", vec![("authorization", &good)]),
        (&in_query, vec![]),
        (&in_query, vec![("authorization", &good)]),
    ];
    let scopes = json!({"scopes": {"all_of": ["read"]}});
    let fresh = json!({"authentication": {"max_age": "30s"}});
    for provider in settings() {
        for authorize in [&Value::Null, &scopes, &fresh] {
            let twins = twins(&provider, authorize);
            // The requests are sent three times: the first round fills the cache, and the other
            // rounds use it.
            for (path, headers) in requests.iter().chain(&requests).chain(&requests) {
                let [plain, full] = twins.each_ref().map(|own| decide(own, path, headers));
                assert_eq!(plain, full, "{provider} {authorize} {path} {headers:?}");
            }
        }
    }
}

/// An attack: the client uses a token that was cached before the newest configuration revoked it.
#[test]
fn a_revoked_token_is_not_accepted_because_it_is_cached() {
    let mut own = engine(json!({}));
    let token = token("a", json!({"jti": "t1"}));
    for _ in 0..2 {
        assert_eq!(label(&bearer(&own, &token)), "verified");
    }
    let newest = engine(json!({"providers": {"a": {"revoked": {"jti": ["t1"]}}}}));
    own.restrict(Some(Restrictions::new(newest.shared_config())));
    assert_eq!(label(&bearer(&own, &token)), "revoked");
}
