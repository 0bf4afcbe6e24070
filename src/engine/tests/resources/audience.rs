//! The audience of tokens below a resource.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn r7_m6_a_token_must_be_meant_for_the_resource() {
    let no_cache = json!({"jwt_cache_config": {"disabled": true}});
    for cache in [json!({}), no_cache] {
        let engine = gate(json!({"providers": {"a": cache}}));
        for (aud, path, expected) in [
            (json!(FILES), "/files", "verified"),
            (json!([MCP, FILES]), "/files", "verified"),
            (json!("orders"), "/files/x", "verified"),
            // The provider accepts this audience, but it is the identifier of another resource.
            (json!(MCP), "/files", "audience"),
            (json!([MCP, "unlisted"]), "/files", "audience"),
            // Resource identifiers are compared character by character.
            (json!("https://api.example/files/"), "/files", "audience"),
            (json!("https://API.example/files"), "/files", "audience"),
            (json!([]), "/files", "audience"),
            // The resource's identifier is accepted as an audience, although the provider does not
            // list it.
            (json!(OTHER), "/", "verified"),
        ] {
            let authority = if path == "/" {
                "other.example"
            } else {
                "api.example"
            };
            let token = with(&token("a", json!({"aud": aud})));
            // The second request uses the token's cache entry.
            for _ in 0..2 {
                let decision = get(&engine, authority, path, &token);
                assert_eq!(label(&decision), expected, "{aud} {path}");
            }
        }
    }
}

#[test]
fn r7_a_cached_token_is_bound_to_the_resource_of_each_request() {
    let engine = gate(json!({}));
    let token = with(&token("a", json!({"aud": FILES})));
    let at = |path: &str| {
        let decision = get(&engine, "api.example", path, &token);
        label(&decision)
    };
    for _ in 0..2 {
        assert_eq!(
            (at("/files"), at("/mcp"), at("/")),
            ("verified", "audience", "verified")
        );
    }
}

/// The route's policy names a requirement whose provider accepts any audience. Even then, one of
/// the token's audiences must be the resource's identifier.
#[test]
fn r7_an_audience_is_required_below_a_resource_whatever_the_provider_accepts() {
    let mut any = provider("b", &OTHER_SECRET);
    any["audiences"] = json!(null);
    any["allow_any_audience"] = json!(true);
    let engine = gate(json!({
        "providers": {"b": any}, "requirement_map": {"b": {"provider_name": "b"}},
    }));
    let policy = engine
        .config()
        .route_policy(&json!({"requirement_name": "b"}));
    for (authority, aud, expected) in [
        ("api.example", json!(MCP), "verified"),
        ("api.example", json!("x"), "audience"),
        ("api.example", json!(FILES), "audience"),
        ("evil.example", json!(MCP), "verified"),
        ("evil.example", json!(FILES), "audience"),
    ] {
        let value = with(&token("b", json!({"aud": aud})));
        let head = [
            (":method", "GET"),
            (":path", "/mcp"),
            (":authority", authority),
            ("authorization", &value),
        ];
        let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
        let request = Request::new(header_bytes(&head));
        let decided = engine.decide(
            &request,
            Some(&policy),
            now,
            Patience::Waiting,
            &NoConnection,
        );
        assert_eq!(label(&decided.decision), expected);
    }
}
