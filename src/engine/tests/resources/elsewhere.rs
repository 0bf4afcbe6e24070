//! Requests that reach a resource although they name another host or port.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// If Envoy and the upstream ignore the host, a request can reach a resource although the host that
/// it names belongs to no resource.
#[test]
fn r7_an_unknown_host_does_not_lead_around_the_audience_of_a_resource() {
    let internal = json!([{"name": ":authority", "string_match": {"exact": "internal.example"}}]);
    let engine = gate(json!({
        "rules": [
            {
                "match": {"path_separated_prefix": "/files", "headers": internal},
                "requires": {"provider_name": "a"},
            },
            {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
        ],
        "protected_resources": [{"resource": MCP}, {"resource": FILES}],
    }));
    for (authority, path, aud, expected) in [
        ("evil.example", "/files", json!(MCP), "audience"),
        ("evil.example", "/files/x?y", json!(MCP), "audience"),
        ("api.example:8443", "/files", json!(MCP), "audience"),
        ("", "/files", json!(MCP), "audience"),
        ("evil.example", "/files;x", json!(MCP), "ambiguous_path"),
        ("evil.example", "/files", json!(FILES), "verified"),
        ("evil.example", "/files", json!([MCP, "orders"]), "verified"),
        ("evil.example", "/filesystem", json!(MCP), "verified"),
        // No resource has this host. But the matching rule names it, so the operator meant to
        // accept it.
        ("internal.example", "/files", json!(MCP), "verified"),
    ] {
        let token = with(&token("a", json!({"aud": aud})));
        for _ in 0..2 {
            let decision = get(&engine, authority, path, &token);
            assert_eq!(label(&decision), expected, "{authority} {path} {aud}");
        }
    }
}

/// An attack: the client sends the host of the resource `MCP` with the path of the resource `FAR`.
/// If Envoy and the upstream ignored the host, the client could use a token for `MCP` at `FAR`. In
/// the same way, a web page could evade the `allowed_origins` of `FAR`.
#[test]
fn r7_the_host_of_another_resource_does_not_lead_around_the_checks_of_a_resource() {
    const FAR: &str = "https://far.example/far";
    let engine = gate(json!({
        "providers": {"a": {"audiences": [MCP, FAR, OTHER]}},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
        "protected_resources": [
            {"resource": MCP},
            {"resource": FAR, "allowed_origins": []},
            {"resource": OTHER},
        ],
    }));
    for (authority, path, aud, origin, expected) in [
        ("api.example", "/far", MCP, None, "audience"),
        ("api.example", "/far/x", MCP, None, "audience"),
        ("far.example", "/far", MCP, None, "audience"),
        ("api.example", "/far", FAR, None, "verified"),
        (
            "api.example",
            "/far",
            FAR,
            Some("https://evil.example"),
            "origin",
        ),
        // The resource `OTHER` has the path `/`, but no path on the host of another resource
        // belongs to `OTHER`.
        ("api.example", "/near", MCP, None, "verified"),
        ("evil.example", "/near", MCP, None, "audience"),
    ] {
        let token = with(&token("a", json!({"aud": aud})));
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        for _ in 0..2 {
            let decision = ask(&engine, "GET", authority, path, &headers);
            assert_eq!(label(&decision), expected, "{authority} {path} {aud}");
        }
    }
}

/// On a host that belongs to no resource, the checks of the resource are skipped only if the
/// matching rule names the host. Here no rule matches, so the checks apply.
#[test]
fn r7_an_unknown_host_does_not_lead_around_the_checks_if_no_rule_matches() {
    let engine = gate(json!({
        "rules": [{"match": {"path": "/mcp/x"}, "requires": {"provider_name": "a"}}],
        "protected_resources": [{"resource": MCP, "allowed_origins": []}],
        "unmatched": "allow",
    }));
    let evil = [("origin", "https://evil.example")];
    for (authority, headers, expected) in [
        ("api.example", &evil[..], "origin"),
        ("evil.example", &evil, "origin"),
        ("evil.example", &[], "unmatched"),
    ] {
        let decision = ask(&engine, "POST", authority, "/mcp/y", headers);
        assert_eq!(label(&decision), expected, "{authority}");
    }
}

/// An attack: the client adds a port to the host to evade the checks of the resource `MCP`. The
/// conditions on the host match with any port.
#[test]
fn r7_a_port_does_not_lead_around_the_checks_of_a_resource() {
    let evil = "https://evil.example";
    let token = with(&token("a", json!({"aud": FILES})));
    for (condition, expected_elsewhere) in [
        (json!({"prefix": "api.example"}), "unmatched"),
        (json!({"contains": "api.example"}), "unmatched"),
        (
            json!({"safe_regex": {"regex": "api\\.example(:[0-9]+)?"}}),
            "unmatched",
        ),
        // These conditions match any host, so a rule with such a condition names no host.
        (json!({"safe_regex": {"regex": ".*"}}), "audience"),
        (json!({"contains": "."}), "audience"),
    ] {
        let host = json!([{"name": ":authority", "string_match": condition}]);
        let engine = gate(json!({
            "rules": [{
                "match": {"prefix": "/", "headers": host}, "requires": {"provider_name": "a"},
            }],
            "protected_resources": [
                {"resource": MCP, "allowed_origins": ["https://app.example"]},
                {"resource": FILES},
            ],
        }));
        for (authority, expected) in [
            ("api.example", "audience"),
            ("api.example:443", "audience"),
            ("api.example:8443", "audience"),
            ("API.example:1", "audience"),
            ("evil.example", expected_elsewhere),
        ] {
            let decision = get(&engine, authority, "/mcp", &token);
            assert_eq!(label(&decision), expected, "{condition} {authority}");
            let headers = [("authorization", token.as_str()), ("origin", evil)];
            let decision = ask(&engine, "POST", authority, "/mcp", &headers);
            let expected = expected.replace("audience", "origin");
            assert_eq!(label(&decision), expected, "{condition} {authority}");
        }
    }
}

/// An attack: the client sends the port of the resource `PORT` to evade the checks of the resource
/// `ROOT`, which has the same host.
#[test]
fn r7_the_port_of_another_resource_does_not_lead_around_the_checks_of_a_resource() {
    const ROOT: &str = "https://api.example/";
    const PORT: &str = "https://api.example:8443/mcp";
    let prefix = json!([{"name": ":authority", "string_match": {"prefix": "api.example"}}]);
    for headers in [prefix, json!([])] {
        let engine = gate(json!({
            "providers": {"a": {"audiences": [ROOT, PORT, OTHER, "orders"]}},
            "rules": [
                {"match": {"prefix": "/", "headers": headers}, "requires": {"provider_name": "a"}},
                {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
            ],
            "protected_resources": [
                {"resource": ROOT, "allowed_origins": ["https://app.example"]},
                {"resource": PORT},
                {"resource": OTHER},
            ],
        }));
        for (authority, path, aud, origin, expected) in [
            ("api.example:8443", "/private", PORT, None, "audience"),
            ("api.example:9", "/private", PORT, None, "audience"),
            (
                "api.example:8443",
                "/private",
                ROOT,
                Some("https://evil.test"),
                "origin",
            ),
            ("api.example:8443", "/private", ROOT, None, "verified"),
            ("api.example:8443", "/private", "orders", None, "verified"),
            ("api.example:8443", "/mcp", PORT, None, "verified"),
            (
                "api.example:8443",
                "/mcp",
                PORT,
                Some("https://evil.test"),
                "verified",
            ),
        ] {
            let token = with(&token("a", json!({"aud": aud})));
            let mut all = vec![("authorization", token.as_str())];
            all.extend(origin.map(|origin| ("origin", origin)));
            let decision = ask(&engine, "GET", authority, path, &all);
            assert_eq!(label(&decision), expected, "{authority} {path} {aud}");
        }
    }
}

/// An attack: the client sends a host that belongs to no resource, but that matches the wide
/// condition of a rule.
#[test]
fn r7_a_host_that_a_wide_condition_matches_does_not_lead_around_the_checks_of_a_resource() {
    let token = with(&token("a", json!({"aud": FILES})));
    for (condition, authority) in [
        (json!({"prefix": "api.example"}), "api.example.evil.test"),
        (json!({"contains": "api.example"}), "api.example.evil.test"),
        (json!({"suffix": "api.example"}), "evilapi.example"),
        (
            json!({"safe_regex": {"regex": "[^.]+\\.[^.]+\\.[^.]+"}}),
            "x.evil.test",
        ),
        (
            json!({"safe_regex": {"regex": ".*:8(0|4)43"}}),
            "evil.test:8443",
        ),
    ] {
        let host = json!([{"name": ":authority", "string_match": condition}]);
        let engine = gate(json!({
            "rules": [
                {"match": {"prefix": "/", "headers": host}, "requires": {"provider_name": "a"}},
                {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
            ],
            "protected_resources": [
                {"resource": MCP, "allowed_origins": ["https://app.example"]},
                {"resource": FILES},
            ],
        }));
        let decision = get(&engine, authority, "/mcp", &token);
        assert_eq!(label(&decision), "audience", "{condition} {authority}");
        let headers = [
            ("authorization", token.as_str()),
            ("origin", "https://evil.test"),
        ];
        let decision = ask(&engine, "GET", authority, "/mcp", &headers);
        assert_eq!(label(&decision), "origin", "{condition} {authority}");
    }
}
