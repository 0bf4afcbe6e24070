//! Tests of rules for MCP calls. In the test names, T2 to T6 are numbers of requirements in
//! `docs/requirements.md`.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const CALL: (&str, &str) = ("mcp-method", "tools/call");
const LISTS: (&str, &str) = ("mcp-name", "list_files");
const DELETES: (&str, &str) = ("mcp-name", "delete_all");

/// An engine with an MCP endpoint whose tools need different scopes. All other paths accept any
/// valid token.
fn endpoint() -> Engine {
    let rule = |call: Value, scopes: &[&str]| {
        json!({
            "match": {"path": "/mcp", "mcp": call},
            "requires": {"provider_name": "a"},
            "authorize": {"scopes": {"all_of": scopes}},
        })
    };
    engine(json!({"rules": [
        {"match": {"path": "/mcp", "mcp": {"methods": ["server/discover"]}}},
        rule(json!({"names": ["list_files"]}), &["files:read"]),
        rule(json!({"names": ["delete_all"]}), &["files:read", "files:write"]),
        rule(
            json!({"methods": ["tools/call"], "names": ["query"], "params": {"Region": ["eu"]}}),
            &["eu"],
        ),
        {"match": {"path": "/mcp", "mcp": {"methods": ["tools/list"]}},
         "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}))
}

/// Sends a POST request to the endpoint. If `scope` is given, the request has a token with this
/// scope. Otherwise, the request has no token.
fn post(engine: &Engine, scope: Option<&str>, headers: &[(&str, &str)]) -> Decision {
    let mut all = headers.to_vec();
    let value = scope.map(|scope| format!("Bearer {}", token("a", json!({"scope": scope}))));
    all.extend(value.iter().map(|value| ("authorization", value.as_str())));
    send(engine, "POST", "/mcp", &all)
}

#[test]
fn each_call_needs_the_rights_of_its_rule() {
    let engine = endpoint();
    let method = |method| ("mcp-method", method);
    for (scope, headers, expected) in [
        (Some("files:read"), &[VERSION, CALL, LISTS][..], "verified"),
        (
            Some("files:read"),
            &[VERSION, CALL, DELETES],
            "insufficient_scope",
        ),
        (
            Some("files:read files:write"),
            &[VERSION, CALL, DELETES],
            "verified",
        ),
        (Some("x"), &[VERSION, method("tools/list")], "verified"),
        (
            Some("x"),
            &[VERSION, method("tools/list"), LISTS],
            "verified",
        ),
        (
            Some("x"),
            &[VERSION, method("server/discover")],
            "not_required",
        ),
        (None, &[VERSION, method("server/discover")], "not_required"),
        (None, &[VERSION, CALL, LISTS], "missing_credential"),
        // A call is refused if no rule lists its tool or method. The rule for `/` does not admit
        // the call.
        (
            Some("files:read"),
            &[VERSION, CALL, ("mcp-name", "other")],
            "unmatched",
        ),
        (
            Some("files:read"),
            &[VERSION, CALL, ("mcp-name", "List_Files")],
            "unmatched",
        ),
        (
            Some("files:read"),
            &[VERSION, method("tasks/get"), LISTS],
            "unmatched",
        ),
        (
            None,
            &[VERSION, CALL, ("mcp-name", "other")],
            "missing_credential",
        ),
    ] {
        let decision = post(&engine, scope, headers);
        assert_eq!(label(&decision), expected, "{scope:?} {headers:?}");
    }
}

#[test]
fn a_refusal_names_all_scopes_of_the_call() {
    let decision = post(&endpoint(), Some("files:read"), &[VERSION, CALL, DELETES]);
    let Decision::Deny(denial) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(denial.scopes, ["files:read", "files:write"]);
}

#[test]
fn t3_an_older_revision_is_refused_after_the_credential_was_found() {
    let engine = endpoint();
    let old = ("mcp-protocol-version", "2025-11-25");
    for (scope, headers, expected) in [
        (Some("files:read"), &[CALL, LISTS][..], "mcp_version"),
        (Some("files:read"), &[old, CALL, LISTS], "mcp_version"),
        (Some("files:read"), &[old], "mcp_version"),
        (
            Some("files:read"),
            &[("mcp-protocol-version", "new"), CALL, LISTS],
            "mcp_header",
        ),
        // If the request has no token, the refusal says where to get a token, and not that the
        // revision is too old.
        (None, &[], "missing_credential"),
        (None, &[old, CALL, LISTS], "missing_credential"),
        // An older revision is refused even for a call that needs no token.
        (
            Some("x"),
            &[old, ("mcp-method", "server/discover")],
            "mcp_version",
        ),
    ] {
        let decision = post(&engine, scope, headers);
        assert_eq!(label(&decision), expected, "{scope:?} {headers:?}");
    }
}

#[test]
fn t4_headers_that_servers_read_differently_are_refused_whatever_the_token_grants() {
    let engine = endpoint();
    for headers in [
        &[VERSION, CALL][..],
        &[VERSION, LISTS],
        &[VERSION, CALL, LISTS, DELETES],
        &[VERSION, CALL, DELETES, LISTS],
        &[VERSION, CALL, ("mcp-method", "tools/list"), LISTS],
        &[VERSION, VERSION, CALL, LISTS],
        &[VERSION, CALL, ("mcp-name", "list_files, delete_all")],
        &[VERSION, CALL, LISTS, ("mcp_name", "delete_all")],
        &[VERSION, CALL, LISTS, ("mcp.name", "delete_all")],
        &[VERSION, CALL, LISTS, ("connection", "close, MCP_Name")],
        &[VERSION, CALL, LISTS, ("connection", "mcp-protocol-version")],
        &[
            VERSION,
            CALL,
            LISTS,
            ("connection", "upgrade, \"mcp-name\""),
        ],
        &[VERSION, CALL, LISTS, ("connection", "mcp-name;q=1")],
        &[VERSION, CALL, LISTS, ("connection", "mcp-name;, close")],
        &[VERSION, CALL, ("mcp-name", "list_files ")],
        &[VERSION, CALL, ("mcp-name", "=?base64?ZGVsZXRlX2FsbA?=")],
        &[VERSION, CALL, ("mcp-name", "=?Base64?ZGVsZXRlX2FsbA==?=")],
        &[
            VERSION,
            ("mcp-method", "=?base64?dG9vbHMvY2FsbA==?="),
            LISTS,
        ],
    ] {
        let decision = post(&engine, Some("files:read files:write"), headers);
        assert_eq!(label(&decision), "mcp_header", "{headers:?}");
    }
    let harmless = &[VERSION, CALL, LISTS, ("connection", "upgrade,, te")];
    let decision = post(&endpoint(), Some("files:read"), harmless);
    assert_eq!(label(&decision), "verified");
}

/// If a provider sets headers, Portcullis removes malformed options from `Connection`, so the next
/// proxy cannot read them as the name of an MCP header. A well-formed option stays, so the call is
/// refused.
#[test]
fn t4_connection_is_judged_as_the_upstream_gets_it() {
    let engine = engine(json!({
        "providers": {"a": {
            "claim_to_headers": [{"header_name": "x-user", "claim_name": "sub"}],
        }},
        "rules": [{
            "match": {"path": "/mcp", "mcp": {"names": ["list_files"]}},
            "requires": {"provider_name": "a"},
        }],
    }));
    for (value, expected) in [
        ("upgrade, \"mcp-name\"", Some(set("connection", "upgrade"))),
        ("mcp-name;q=1", Some(remove("connection"))),
        (
            "upgrade, \"x,mcp-name\"",
            Some(set("connection", "upgrade")),
        ),
        ("upgrade, mcp-name", None),
        ("x-user, mcp_name", None),
    ] {
        let headers = [VERSION, CALL, LISTS, ("connection", value)];
        match (post(&engine, Some("x"), &headers), expected) {
            (Decision::Permit(permit), Some(edit)) => {
                assert_eq!(permit.edits.first(), Some(&edit), "{value}");
            }
            (decision, None) => assert_eq!(label(&decision), "mcp_header", "{value}"),
            (decision, _) => panic!("{value}: {decision:?}"),
        }
    }
}

#[test]
fn t2_a_name_in_base64_needs_the_rights_of_the_decoded_name() {
    let engine = endpoint();
    let name = ("mcp-name", "=?base64?ZGVsZXRlX2FsbA==?=");
    for (scope, expected) in [
        ("files:read", "insufficient_scope"),
        ("files:read files:write", "verified"),
    ] {
        let decision = post(&engine, Some(scope), &[VERSION, CALL, name]);
        assert_eq!(label(&decision), expected, "{scope}");
    }
}

#[test]
fn t6_an_argument_can_select_the_rule() {
    let engine = endpoint();
    let query = ("mcp-name", "query");
    for (headers, expected) in [
        (
            &[VERSION, CALL, query, ("mcp-param-region", "eu")][..],
            "verified",
        ),
        (
            &[VERSION, CALL, query, ("mcp-param-region", "us")],
            "unmatched",
        ),
        (&[VERSION, CALL, query], "unmatched"),
        (
            &[VERSION, CALL, query, ("mcp_param_region", "eu")],
            "mcp_header",
        ),
    ] {
        let decision = post(&engine, Some("eu"), headers);
        assert_eq!(label(&decision), expected, "{headers:?}");
    }
}

#[test]
fn other_methods_and_other_paths_skip_rules_for_calls() {
    let engine = endpoint();
    let value = format!("Bearer {}", token("a", json!({})));
    let authorization = ("authorization", value.as_str());
    for (method, path, headers, expected) in [
        ("GET", "/mcp", &[authorization][..], "verified"),
        ("DELETE", "/mcp", &[authorization], "verified"),
        (
            "GET",
            "/mcp",
            &[VERSION, ("mcp-method", "server/discover")],
            "missing_credential",
        ),
        ("POST", "/mcp/", &[authorization], "verified"),
        ("POST", "/other", &[authorization, LISTS, LISTS], "verified"),
        ("POST", "/mcp", &[authorization], "mcp_version"),
        ("post", "/mcp", &[authorization], "method"),
        // Only some servers read this path as the endpoint's path, so the request is refused.
        ("POST", "/mcp;x", &[authorization], "ambiguous_path"),
        ("POST", "/%6dcp", &[authorization], "ambiguous_path"),
    ] {
        let decision = send(&engine, method, path, headers);
        assert_eq!(label(&decision), expected, "{method} {path} {headers:?}");
    }
}

#[test]
fn an_open_rule_does_not_admit_calls_that_no_rule_lists() {
    let open = json!({"match": {"prefix": "/"}});
    let listed = json!({"match": {"path": "/mcp", "mcp": {"names": ["list_files"]}},
        "requires": {"provider_name": "a"}});
    let (call, other) = ([VERSION, CALL, LISTS], [VERSION, CALL, DELETES]);
    for rules in [json!([listed, open]), json!([open, listed])] {
        let engine = engine(json!({"rules": rules, "unmatched": "allow"}));
        assert_eq!(label(&post(&engine, Some("x"), &other)), "unmatched");
        assert_eq!(label(&post(&engine, None, &other)), "missing_credential");
        assert_eq!(label(&post(&engine, Some("x"), &[VERSION])), "mcp_header");
    }
    // The first rule that matches decides, for calls too. Here this is the open rule.
    let after = engine(json!({"rules": [open, listed]}));
    assert_eq!(label(&post(&after, None, &call)), "not_required");
}

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

#[test]
fn shadow_mode_records_what_the_headers_would_cause() {
    let engine = engine(json!({"mode": "shadow", "rules": [
        {"match": {"path": "/mcp", "mcp": {"any": true}}, "requires": {"provider_name": "a"}},
    ]}));
    let decision = post(&engine, Some("x"), &[VERSION, CALL, LISTS, LISTS]);
    let Decision::Permit(permit) = decision else {
        panic!("{decision:?}")
    };
    let PermitReason::Shadow(denial) = permit.reason else {
        panic!("{:?}", permit.reason)
    };
    assert_eq!(denial.reason, Reason::McpHeader);
}

/// An engine whose endpoint is a protected resource with `legacy: union`. A call that uses an older
/// MCP revision must satisfy all rules of the endpoint.
fn with_legacy(rules: &Value) -> Engine {
    engine(json!({
        "providers": {"a": {"audiences": ["orders", "https://api.example/mcp"]}},
        "protected_resources": [
            {"resource": "https://api.example/mcp", "mcp": {"legacy": "union"}},
            {"resource": "https://other.example/mcp"},
        ],
        "rules": rules,
    }))
}

fn tool(name: &str, scopes: &[&str]) -> Value {
    json!({
        "match": {"path": "/mcp", "mcp": {"names": [name]}},
        "requires": {"provider_name": "a"},
        "authorize": {"scopes": {"all_of": scopes}},
    })
}

#[test]
fn with_union_a_call_of_an_older_revision_needs_the_rights_of_all_calls() {
    let engine = with_legacy(&json!([
        {"match": {"path": "/mcp", "mcp": {"methods": ["server/discover"]}}},
        tool("list_files", &["files:read"]),
        tool("delete_all", &["files:read", "files:write"]),
        {"match": {"path": "/mcp", "mcp": {"names": ["audit"]}},
         "requires": {"provider_name": "a"}, "authorize": {"client_ids": ["auditor"]}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]));
    let old = ("mcp-protocol-version", "2025-11-25");
    let call = |authority, claims: Value, headers: &[(&str, &str)]| {
        let value = format!("Bearer {}", token("a", claims));
        let mut all = vec![(":authority", authority), ("authorization", value.as_str())];
        all.extend(headers);
        send(&engine, "POST", "/mcp", &all)
    };
    let (own, other) = ("api.example", "other.example");
    let rights = |scope: &str, client: &str| json!({"scope": scope, "client_id": client});
    let all = || rights("files:read files:write", "auditor");
    for (authority, claims, headers, expected) in [
        (own, all(), &[old][..], "verified"),
        (own, all(), &[], "verified"),
        // In this older MCP revision, servers do not compare the headers with the body, so
        // Portcullis ignores the headers.
        (own, all(), &[old, CALL, DELETES], "verified"),
        (
            own,
            rights("files:read", "auditor"),
            &[old],
            "insufficient_scope",
        ),
        (
            own,
            rights("files:read", "auditor"),
            &[old, CALL, LISTS],
            "insufficient_scope",
        ),
        (
            own,
            rights("files:write", "auditor"),
            &[],
            "insufficient_scope",
        ),
        (
            own,
            rights("files:read files:write", "other"),
            &[old],
            "insufficient_client",
        ),
        (own, all(), &[old, CALL, LISTS, DELETES], "mcp_header"),
        (own, all(), &[old, old], "mcp_header"),
        (own, all(), &[("mcp-protocol-version", "old")], "mcp_header"),
        // A call that uses the newer MCP revision needs only the rights that its own rule requires.
        (
            own,
            rights("files:read", "x"),
            &[VERSION, CALL, LISTS],
            "verified",
        ),
        (
            own,
            all(),
            &[VERSION, CALL, ("mcp-name", "other")],
            "unmatched",
        ),
        (other, all(), &[old], "mcp_version"),
        ("third.example", all(), &[old], "mcp_version"),
    ] {
        let decision = call(authority, claims.clone(), headers);
        let seen = label(&decision);
        assert_eq!(seen, expected, "{authority} {claims} {headers:?}");
    }
    let challenge = |decision| {
        let Decision::Deny(denial) = decision else {
            panic!("{decision:?}")
        };
        denial.scopes
    };
    let scopes = ["files:read", "files:write"];
    let short = call(own, rights("files:write", "auditor"), &[old]);
    assert_eq!(challenge(short), scopes, "all scopes in one challenge");
    let missing = send(&engine, "POST", "/mcp", &[(":authority", own), old]);
    assert_eq!(label(&missing), "missing_credential");
    assert_eq!(challenge(missing), scopes, "all scopes in one challenge");
}

/// An attack: the client's token is in the cache, which records that the token satisfies the first
/// rule. The engine must still check the other rules.
#[test]
fn with_union_a_cached_token_needs_the_rights_of_all_calls() {
    let engine = with_legacy(&json!([
        tool("list_files", &["files:read"]),
        tool("delete_all", &["files:write"]),
    ]));
    let old = ("mcp-protocol-version", "2025-11-25");
    let host = (":authority", "api.example");
    for (headers, expected) in [
        (&[host, VERSION, CALL, LISTS][..], "verified"),
        (&[host, VERSION, CALL, LISTS], "verified"),
        (&[host, old], "insufficient_scope"),
        (&[host, old], "insufficient_scope"),
    ] {
        let decision = post(&engine, Some("files:read"), headers);
        assert_eq!(label(&decision), expected, "{headers:?}");
    }
}

#[test]
fn with_union_a_rule_ahead_of_a_call_counts_too() {
    let admin = json!({"match": {"prefix": "/"}, "requires": {"provider_name": "a"},
        "authorize": {"scopes": {"all_of": ["admin"]}}});
    let reads = tool("list_files", &["files:read"]);
    for (rules, scope, expected) in [
        (json!([admin, reads]), "files:read", "insufficient_scope"),
        (json!([admin, reads]), "admin", "insufficient_scope"),
        (json!([admin, reads]), "admin files:read", "verified"),
        (json!([reads, admin]), "files:read", "verified"),
    ] {
        let engine = with_legacy(&rules);
        let value = format!("Bearer {}", token("a", json!({"scope": scope})));
        let headers = [(":authority", "api.example"), ("authorization", &*value)];
        let decision = send(&engine, "POST", "/mcp", &headers);
        assert_eq!(label(&decision), expected, "{scope} {rules}");
    }
}

#[test]
fn with_union_open_calls_open_nothing_else() {
    let open = json!({"match": {"path": "/mcp", "mcp": {"methods": ["server/discover"]}}});
    let elsewhere = json!({"match": {"path": "/mcp/x"}, "requires": {"provider_name": "a"}});
    let by_b = json!({"match": {"prefix": "/"}, "requires": {"provider_name": "b"}});
    let value = format!("Bearer {}", token("a", json!({"scope": "files:read"})));
    let all = [(":authority", "api.example"), ("authorization", &*value)];
    for rules in [
        json!([open, elsewhere]),
        // The rule for `/` needs a token of another provider, so no single token can satisfy all
        // rules.
        json!([by_b, tool("list_files", &["files:read"])]),
    ] {
        let engine = with_legacy(&rules);
        let decision = send(&engine, "POST", "/mcp", &all);
        assert_eq!(label(&decision), "mcp_version", "{rules}");
        let decision = send(&engine, "POST", "/mcp", &all[..1]);
        assert_eq!(label(&decision), "missing_credential", "{rules}");
    }
}
