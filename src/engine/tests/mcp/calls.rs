//! The rules that apply to a call.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

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
