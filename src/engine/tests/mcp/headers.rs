//! The MCP headers of a call.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

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
