//! Calls of older MCP revisions, with `legacy: union`.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

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
