//! Spellings of the path of a resource.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn two_readings_of_a_path_must_belong_to_one_resource() {
    let engine = gate(json!({
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
    }));
    for (path, expected) in [
        ("/mcp/x;y", "missing_credential"),
        ("/mcp%2Dx", "missing_credential"),
        ("/%6dcp", "ambiguous_path"),
        ("/mcp;x", "ambiguous_path"),
        ("/mcp%3Fx", "ambiguous_path"),
    ] {
        let decision = ask(&engine, "GET", "api.example", path, &[]);
        assert_eq!(label(&decision), expected, "{path}");
    }
}

/// Many servers treat `/mcp` like `/mcp/`.
#[test]
fn the_path_without_the_final_slash_belongs_to_the_resource() {
    let (slash, bare) = ("https://api.example/mcp/", MCP);
    for (resources, path, aud, expected) in [
        (
            json!([{"resource": slash}, {"resource": FILES}]),
            "/mcp",
            FILES,
            "audience",
        ),
        (
            json!([{"resource": slash}, {"resource": FILES}]),
            "/mcp",
            slash,
            "verified",
        ),
        (
            json!([{"resource": slash}, {"resource": FILES}]),
            "/mc",
            FILES,
            "verified",
        ),
        (
            json!([{"resource": slash}, {"resource": bare}]),
            "/mcp",
            bare,
            "verified",
        ),
        (
            json!([{"resource": slash}, {"resource": bare}]),
            "/mcp",
            slash,
            "audience",
        ),
        (
            json!([{"resource": slash}, {"resource": bare}]),
            "/mcp/",
            bare,
            "audience",
        ),
    ] {
        let engine = gate(json!({
            "protected_resources": resources,
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
        }));
        let token = with(&token("a", json!({"aud": aud})));
        let decision = get(&engine, "api.example", path, &token);
        assert_eq!(label(&decision), expected, "{path} {aud}");
    }
}

#[test]
fn a_rule_that_ignores_case_binds_every_spelling_to_the_resource() {
    for (matching, expected) in [
        (
            json!({"path_separated_prefix": "/MCP", "case_sensitive": false}),
            "audience",
        ),
        (
            json!({"safe_regex": {"regex": "(?i)/mcp(/.*)?"}}),
            "audience",
        ),
        (json!({"safe_regex": {"regex": "/(?i:m)cp"}}), "audience"),
        (
            json!({"safe_regex": {"regex": "/(?-i:m)(?P<i>c)(?:i|p)"}}),
            "verified",
        ),
    ] {
        let engine = gate(json!({
            "rules": [
                {"match": matching, "requires": {"provider_name": "a"}},
                {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
            ],
        }));
        let token = with(&token("a", json!({"aud": FILES})));
        for path in ["/MCP", "/Mcp/x"] {
            let decision = get(&engine, "api.example", path, &token);
            assert_eq!(label(&decision), expected, "{path}");
        }
        let decision = get(&engine, "api.example", "/mcp", &token);
        assert_eq!(label(&decision), "audience");
    }
}
