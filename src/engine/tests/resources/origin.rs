//! The origins that may send requests to a resource.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn m7_an_origin_that_is_not_allowed_is_refused_ahead_of_credentials() {
    for (mode, refused) in [("enforce", "origin"), ("shadow", "shadow")] {
        let engine = gate(json!({
            "mode": mode,
            "unmatched": "allow",
            "protected_resources": [
                {"resource": MCP, "allowed_origins": ["https://app.example"]},
                {"resource": FILES},
                {"resource": OTHER, "allowed_origins": []},
            ],
        }));
        let full = json!({"aud": MCP, "scope": "tools read offline_access"});
        let full = with(&token("a", full));
        for (authority, path, origins, expected) in [
            ("api.example", "/mcp", &[][..], "verified"),
            ("api.example", "/mcp", &["https://app.example"], "verified"),
            ("api.example", "/mcp", &["HTTPS://APP.example"], "verified"),
            ("api.example", "/mcp", &["https://evil.example"], refused),
            ("api.example", "/mcp", &["null"], refused),
            ("api.example", "/mcp", &[""], refused),
            (
                "api.example",
                "/mcp",
                &["https://app.example", "https://app.example"],
                refused,
            ),
            (
                "api.example",
                "/mcp",
                &["https://app.example,https://evil.example"],
                refused,
            ),
            (
                "api.example",
                "/mcp/open",
                &["https://evil.example"],
                refused,
            ),
            (
                "other.example",
                "/unmatched",
                &["https://app.example"],
                refused,
            ),
            (
                "api.example",
                "/elsewhere",
                &["https://evil.example"],
                "unmatched",
            ),
            // After DNS rebinding, the host name of the attacker's web page points to the server.
            // The browser sends this name as the host.
            (
                "evil.example",
                "/mcp/open",
                &["https://evil.example"],
                refused,
            ),
            ("evil.example", "/mcp/open", &[], "not_required"),
        ] {
            let mut headers: Vec<_> = origins.iter().map(|own| ("origin", *own)).collect();
            headers.push(("authorization", &full));
            let decision = ask(&engine, "POST", authority, path, &headers);
            assert_eq!(label(&decision), expected, "{path} {origins:?}");
        }
    }
    let engine = gate(json!({
        "protected_resources": [{"resource": MCP, "allowed_origins": []}],
    }));
    let decision = ask(
        &engine,
        "GET",
        "api.example",
        "/mcp",
        &[("origin", "https://a")],
    );
    let response = answer(&engine, decision);
    assert_eq!(response.status, 403);
    assert_eq!(
        header(&response, "www-authenticate"),
        Some(
            "Bearer realm=\"api\", \
             resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/mcp\""
        )
    );
    assert!(response.body.contains("access_denied"), "{}", response.body);
}

#[test]
fn m8_other_methods_of_the_endpoint_are_under_the_same_rules() {
    let engine = gate(json!({}));
    for method in ["GET", "DELETE", "POST", "OPTIONS"] {
        let decision = ask(&engine, method, "api.example", "/mcp", &[]);
        assert_eq!(label(&decision), "missing_credential", "{method}");
    }
}
