//! Calls to other hosts and ports.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn an_endpoint_is_a_path_of_a_host() {
    let engine = engine(json!({"rules": [
        {"match": {"path": "/mcp", "mcp": {"any": true},
            "headers": [{"name": ":authority", "exact_match": "mcp.example"},
                        {"name": "x-team", "exact_match": "blue"}]},
         "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/", "headers": [{"name": ":authority", "exact_match": "api.example"}]},
         "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    let blue = ("x-team", "blue");
    for (authority, headers, expected) in [
        ("mcp.example", &[VERSION, CALL, LISTS, blue][..], "verified"),
        // The request has no `x-team` header, so the first rule does not match. The rule for `/`
        // does not admit calls at the endpoint.
        ("mcp.example", &[VERSION, CALL, LISTS], "unmatched"),
        ("mcp.example", &[blue], "mcp_version"),
        ("MCP.example.", &[blue], "authority"),
        ("api.example", &[blue], "verified"),
    ] {
        let mut all = vec![(":authority", authority)];
        all.extend(headers);
        assert_eq!(
            label(&post(&engine, Some("x"), &all)),
            expected,
            "{authority} {headers:?}"
        );
    }
}

/// An attack: the client sends a host that the rules for calls do not name. If the upstream ignores
/// the host, it runs the call anyway. So a rule that lists no tools must not admit the call.
#[test]
fn an_unknown_host_does_not_lead_around_rules_for_calls() {
    const SHOP: &str = "https://shop.example/mcp";
    let host = |host: &str| json!([{"name": ":authority", "exact_match": host}]);
    let a = json!({"provider_name": "a"});
    let listed = json!({"match": {"path": "/mcp", "mcp": {"names": ["list_files"]},
        "headers": host("mcp.example")}, "requires": a});
    let named = json!({"match": {"prefix": "/", "headers": host("api.example")}, "requires": a});
    let wide = json!({"match": {"prefix": "/"}, "requires": a});
    let gate = engine(json!({
        "providers": {"a": {"audiences": ["orders", SHOP]}},
        "rules": [listed, named, wide],
        "protected_resources": [{"resource": SHOP}],
    }));
    let (lists, deletes) = ([VERSION, CALL, LISTS], [VERSION, CALL, DELETES]);
    for (authority, path, headers, expected) in [
        ("mcp.example", "/mcp", &lists[..], "verified"),
        ("mcp.example", "/mcp", &deletes, "unmatched"),
        ("evil.example", "/mcp", &lists, "unmatched"),
        ("evil.example", "/mcp", &deletes, "unmatched"),
        ("evil.example", "/mcp", &[], "mcp_version"),
        ("evil.example", "/mcp", &[LISTS, LISTS], "mcp_header"),
        ("evil.example", "/mcp;x", &deletes, "ambiguous_path"),
        ("evil.example", "/mcp/x", &deletes, "verified"),
        // A rule or a resource names this host, so the operator wrote the policy with this host in
        // mind.
        ("api.example", "/mcp", &deletes, "verified"),
        ("shop.example", "/mcp", &deletes, "verified"),
    ] {
        let value = format!("Bearer {}", token("a", json!({})));
        let mut all = vec![(":authority", authority), ("authorization", &*value)];
        all.extend(headers);
        assert_eq!(
            label(&send(&gate, "POST", path, &all)),
            expected,
            "{authority} {path} {headers:?}"
        );
    }
    let open = engine(json!({"rules": [listed, named], "unmatched": "allow"}));
    let host = (":authority", "evil.example");
    let call = [host, VERSION, CALL, DELETES];
    let passes = |method, path| matches!(send(&open, method, path, &call), Decision::Permit(_));
    assert!(!passes("POST", "/mcp"));
    assert!(passes("POST", "/"));
    assert!(passes("GET", "/mcp"));
}

/// An attack: the client changes the port or invents a host, so that a rule with a wide condition
/// on the host decides.
#[test]
fn a_port_or_a_wide_condition_does_not_lead_around_rules_for_calls() {
    let host = |condition: Value| json!([{"name": ":authority", "string_match": condition}]);
    let a = json!({"provider_name": "a"});
    let regex = |regex: &str| json!({"safe_regex": {"regex": regex}});
    let prefix = || json!({"prefix": "mcp.example"});
    let shop = json!([{"resource": "https://mcp.example:9443/mcp"}]);
    for (wide, authority, expected) in [
        (prefix(), "mcp.example:8443", "unmatched"),
        (prefix(), "mcp.example:9999", "unmatched"),
        (prefix(), "mcp.example", "unmatched"),
        (prefix(), "mcp.example.evil.test", "unmatched"),
        (
            json!({"suffix": "mcp.example"}),
            "evilmcp.example",
            "unmatched",
        ),
        (
            json!({"exact": "mcp.example:9999"}),
            "mcp.example:9999",
            "unmatched",
        ),
        (regex("[^.]+\\.[^.]+\\.[^.]+"), "x.evil.test", "unmatched"),
        (regex("[a-z-]+(\\.[a-z-]+){2,}"), "x.evil.test", "unmatched"),
        (regex(".*:8[0-9]{3}"), "evil.test:8080", "unmatched"),
        (regex(".*:8(0|4)43"), "evil.test:8443", "unmatched"),
        (regex("[^:]+:[0-9]{4,5}"), "evil.test:8443", "unmatched"),
        (json!({"prefix": "api."}), "api.", "unmatched"),
        (json!({"prefix": "api."}), "api.:8443", "unmatched"),
        (
            json!({"prefix": "api.example"}),
            "api.example:9999",
            "unmatched",
        ),
        // These calls pass, because the rule names the host or because the request belongs to a
        // resource.
        (
            regex("api\\.example(:[0-9]+)?"),
            "api.example:9999",
            "verified",
        ),
        (json!({"suffix": ".example"}), "api.example", "verified"),
        (regex("(.*\\.)?api\\.example"), "x.api.example", "verified"),
        (prefix(), "mcp.example:9443", "verified"),
    ] {
        let engine = engine(json!({
            "providers": {"a": {"audiences": ["orders", "https://mcp.example:9443/mcp"]}},
            "rules": [
                {"match": {"path": "/mcp", "mcp": {"names": ["list_files"]},
                    "headers": host(json!({"exact": "mcp.example:8443"}))}, "requires": a},
                {"match": {"prefix": "/", "headers": host(wide.clone())}, "requires": a},
                {"match": {"path": "/mcp/x"}, "requires": a},
            ],
            "protected_resources": shop,
        }));
        let headers = [(":authority", authority), VERSION, CALL, DELETES];
        let decision = post(&engine, Some(""), &headers);
        assert_eq!(label(&decision), expected, "{wide} {authority}");
    }
}

/// The rule for calls excludes one port. If a client sends a call to this port, a server that
/// ignores the port would treat the call like a call to any other port.
#[test]
fn a_negated_condition_on_a_port_does_not_open_calls_at_this_port() {
    let a = json!({"provider_name": "a"});
    let but = json!([{"name": ":authority", "string_match": {"exact": "mcp.example:8443"},
        "invert_match": true}]);
    let wide = json!([{"name": ":authority", "string_match": {"prefix": "mcp.example"}}]);
    let engine = engine(json!({"rules": [
        {"match": {"path": "/mcp", "mcp": {"names": ["list_files"]}, "headers": but}, "requires": a},
        {"match": {"prefix": "/", "headers": wide}, "requires": a},
    ]}));
    for authority in ["mcp.example:8443", "mcp.example:9999", "mcp.example"] {
        let headers = [(":authority", authority), VERSION, CALL, DELETES];
        let decision = post(&engine, Some(""), &headers);
        assert_eq!(label(&decision), "unmatched", "{authority}");
    }
}

/// An attack: the client changes the host or the port, so that a later and more lenient rule for
/// calls decides.
#[test]
fn a_later_rule_for_calls_does_not_open_a_call_that_an_earlier_rule_restricts_on_one_host() {
    let a = json!({"provider_name": "a"});
    let host = |condition: Value| json!([{"name": ":authority", "string_match": condition}]);
    let restricted = |mcp: Value, own: &str| {
        json!({"match": {"path": "/mcp", "mcp": mcp, "headers": host(json!({"exact": own}))},
            "requires": a, "authorize": {"scopes": {"all_of": ["admin"]}}})
    };
    let names = json!({"names": ["delete_all"]});
    let params = json!({"names": ["delete_all"], "params": {"region": ["eu"]}});
    let later = |own: Value| {
        json!({"match": {"path": "/mcp", "mcp": {"methods": ["tools/call"]}, "headers": own},
            "requires": a})
    };
    let (all, own) = (json!([]), host(json!({"prefix": "mcp.example"})));
    let other = host(json!({"exact": "b.example"}));
    for (rules, authority, tool, expected) in [
        (
            json!([restricted(names.clone(), "mcp.example"), later(all.clone())]),
            "mcp.example",
            DELETES,
            "insufficient_scope",
        ),
        (
            json!([restricted(names.clone(), "mcp.example"), later(all.clone())]),
            "evil.test",
            DELETES,
            "unmatched",
        ),
        (
            json!([restricted(params, "mcp.example"), later(all.clone())]),
            "evil.test",
            DELETES,
            "unmatched",
        ),
        (
            json!([restricted(names.clone(), "mcp.example"), later(all.clone())]),
            "evil.test",
            LISTS,
            "verified",
        ),
        (
            json!([restricted(names.clone(), "mcp.example:8443"), later(own)]),
            "mcp.example:9",
            DELETES,
            "unmatched",
        ),
        // The first rule that matches decides, whatever a later rule requires.
        (
            json!([later(all), restricted(names.clone(), "mcp.example")]),
            "evil.test",
            DELETES,
            "verified",
        ),
        // The operator wrote the second rule for this host.
        (
            json!([restricted(names, "mcp.example"), later(other)]),
            "b.example",
            DELETES,
            "verified",
        ),
    ] {
        let engine = engine(json!({"rules": rules}));
        let region = ("mcp-param-region", "eu");
        let headers = [(":authority", authority), VERSION, CALL, tool, region];
        let decision = post(&engine, Some(""), &headers);
        assert_eq!(label(&decision), expected, "{authority} {tool:?} {rules}");
    }
}
