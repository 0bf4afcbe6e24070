//! Rules for MCP calls. Some requests try to evade the rules with headers that the MCP server could
//! read differently than Portcullis does.

use serde_json::{Value, json};

use crate::world::{configuration, local_provider, signer, start, token_with};
use support::{
    driver::{Driver, Request, Setup},
    objects::with,
    on_every_driver,
};

on_every_driver!(
    a_tool_needs_the_scopes_of_its_rule,
    no_spelling_of_a_header_evades_the_rule_of_a_tool,
    headers_that_no_rule_names_reach_the_upstream_unchanged,
    a_client_without_a_token_is_told_to_get_one_before_its_headers_are_judged,
    with_union_an_older_client_needs_the_scopes_of_all_tools,
);

const VERSION: (&str, &str) = ("MCP-Protocol-Version", "2026-07-28");
const CALL: (&str, &str) = ("Mcp-Method", "tools/call");
const LISTS: (&str, &str) = ("Mcp-Name", "list_files");
const DELETES: (&str, &str) = ("Mcp-Name", "delete_all");

/// An MCP endpoint with two tools. MCP calls that no MCP rule matches are refused. Requests that
/// are not MCP calls need only a token.
fn endpoint<D: Driver>() -> D {
    endpoint_with(&json!({}))
}

/// The endpoint, with additional fields in the configuration.
fn endpoint_with<D: Driver>(rest: &Value) -> D {
    let mut config = configuration(&local_provider(&signer()));
    let tool = |name: &str, scopes: Value| {
        json!({
            "match": { "path": "/mcp", "mcp": { "methods": ["tools/call"], "names": [name] } },
            "requires": { "provider_name": "login" },
            "authorize": { "scopes": { "all_of": scopes } },
        })
    };
    config["rules"] = json!([
        tool("list_files", json!(["files:read"])),
        tool("delete_all", json!(["files:read", "files:write"])),
        { "match": { "path": "/mcp", "mcp": { "methods": ["tools/list", "server/discover"] } },
          "requires": { "provider_name": "login" } },
        { "match": { "prefix": "/" }, "requires": { "provider_name": "login" } },
    ]);
    start(&Setup::new(with(config, rest)))
}

/// A POST request to the endpoint, with a body that calls the tool `delete_all`.
fn post(headers: &[(&str, &str)]) -> Request {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "delete_all" } });
    let request = Request::new("POST", "/mcp").body(body.to_string());
    let headers = headers.iter();
    headers.fold(request, |request, (name, value)| {
        request.header(name, value)
    })
}

fn a_tool_needs_the_scopes_of_its_rule<D: Driver>() {
    let gate: D = endpoint();
    let signer = signer();
    let token = |scope: &str| token_with(&gate, &signer, &json!({ "scope": scope }));
    let (reads, writes) = (token("files:read"), token("files:read files:write"));
    let encoded = ("Mcp-Name", "=?base64?ZGVsZXRlX2FsbA==?=");
    for (token, headers, expected) in [
        (&reads, &[VERSION, CALL, LISTS][..], (200, "")),
        (
            &reads,
            &[VERSION, CALL, DELETES],
            (403, "insufficient_scope"),
        ),
        (
            &reads,
            &[VERSION, CALL, encoded],
            (403, "insufficient_scope"),
        ),
        (&writes, &[VERSION, CALL, encoded], (200, "")),
        (
            &writes,
            &[VERSION, CALL, ("Mcp-Name", "other")],
            (403, "unmatched"),
        ),
        (
            &writes,
            &[VERSION, ("Mcp-Method", "resources/list")],
            (403, "unmatched"),
        ),
    ] {
        let exchange = gate.send(&post(headers).bearer(token));
        assert_eq!(exchange.outcome(), expected, "{headers:?}");
    }
    let exchange = gate.send(&post(&[VERSION, CALL, DELETES]).bearer(&reads));
    let challenge = exchange.headers.value("www-authenticate").unwrap();
    let scope = r#"error="insufficient_scope", scope="files:read files:write""#;
    assert!(challenge.contains(scope), "{challenge}");
    let get = gate.send(&Request::get("/mcp").bearer(&reads));
    assert_eq!(get.status, 200, "other methods skip the rules for calls");
}

fn no_spelling_of_a_header_evades_the_rule_of_a_tool<D: Driver>() {
    let gate: D = endpoint();
    let token = token_with(&gate, &signer(), &json!({ "scope": "files:read" }));
    for headers in [
        &[VERSION, CALL, LISTS, DELETES][..],
        &[VERSION, CALL, DELETES, LISTS],
        &[VERSION, CALL, LISTS, ("mcp-name", "delete_all")],
        &[VERSION, CALL, LISTS, ("MCP-NAME", "delete_all")],
        &[VERSION, CALL, ("Mcp-Name", "list_files, delete_all")],
        &[VERSION, CALL, ("Mcp-Name", "list_files,delete_all")],
        &[VERSION, CALL, LISTS, ("Mcp.Name", "delete_all")],
        &[VERSION, CALL, LISTS, ("Mcp~Name", "delete_all")],
        &[VERSION, ("Mcp-Method", "tools/list"), CALL, LISTS],
        &[VERSION, CALL, LISTS, VERSION],
        &[
            ("MCP-Protocol-Version", "2026-07-28, 2025-11-25"),
            CALL,
            LISTS,
        ],
        &[("MCP-Protocol-Version", "2026-7-28"), CALL, LISTS],
        &[VERSION, CALL],
        &[VERSION, CALL, ("Mcp-Name", "")],
        &[VERSION, LISTS],
        &[VERSION, CALL, ("Mcp-Name", "=?base64?bGlzdF9maWxlcw?=")],
        &[VERSION, CALL, ("Mcp-Name", "=?Base64?bGlzdF9maWxlcw==?=")],
        &[VERSION, CALL, ("Mcp-Name", "=?utf-8?B?bGlzdF9maWxlcw==?=")],
        &[VERSION, CALL, ("Mcp-Name", "=?base64?bGlzdF9maWxlcw==")],
        &[VERSION, CALL, ("Mcp-Name", "list\tfiles")],
        &[
            VERSION,
            ("Mcp-Method", "=?base64?dG9vbHMvY2FsbA==?="),
            LISTS,
        ],
    ] {
        let exchange = gate.send(&post(headers).bearer(&token));
        assert_eq!(exchange.outcome(), (400, "mcp_header"), "{headers:?}");
        assert!(exchange.upstream.is_none());
        assert_eq!(exchange.headers.value("www-authenticate"), None);
    }
    for headers in [
        &[CALL, LISTS][..],
        &[("MCP-Protocol-Version", "2025-11-25"), CALL, LISTS],
        &[],
    ] {
        let exchange = gate.send(&post(headers).bearer(&token));
        assert_eq!(exchange.outcome(), (400, "mcp_version"), "{headers:?}");
    }
}

fn headers_that_no_rule_names_reach_the_upstream_unchanged<D: Driver>() {
    let gate: D = endpoint();
    let token = token_with(&gate, &signer(), &json!({ "scope": "files:read" }));
    let query = ("Mcp-Param-Query", "=?base64?IHBhZGRlZCA=?=");
    let exchange = gate.send(&post(&[VERSION, CALL, LISTS, query]).bearer(&token));
    let seen = exchange.upstream.unwrap().headers;
    for (name, value) in [VERSION, CALL, LISTS, query] {
        let found = seen.value(&name.to_lowercase());
        assert_eq!(found.as_deref(), Some(value), "{name}");
    }
}

fn a_client_without_a_token_is_told_to_get_one_before_its_headers_are_judged<D: Driver>() {
    let gate: D = endpoint();
    for headers in [
        &[][..],
        &[VERSION, CALL, LISTS, LISTS],
        &[VERSION, CALL, LISTS],
    ] {
        let exchange = gate.send(&post(headers));
        assert_eq!(
            exchange.outcome(),
            (401, "missing_credential"),
            "{headers:?}"
        );
        assert!(exchange.headers.value("www-authenticate").is_some());
    }
}

fn with_union_an_older_client_needs_the_scopes_of_all_tools<D: Driver>() {
    let gate: D = endpoint_with(&json!({ "protected_resources": [
        { "resource": "https://api.example.com/mcp", "mcp": { "legacy": "union" } },
    ] }));
    let signer = signer();
    let token = |scope: &str| token_with(&gate, &signer, &json!({ "scope": scope }));
    let (reads, all) = (token("files:read"), token("files:read files:write"));
    let old = ("MCP-Protocol-Version", "2025-11-25");
    for (token, headers, expected) in [
        (&all, &[old][..], (200, "")),
        (&all, &[], (200, "")),
        (&reads, &[old], (403, "insufficient_scope")),
        (&reads, &[old, CALL, LISTS], (403, "insufficient_scope")),
        (&all, &[old, CALL, LISTS, DELETES], (400, "mcp_header")),
        (&reads, &[VERSION, CALL, LISTS], (200, "")),
    ] {
        let exchange = gate.send(&post(headers).bearer(token));
        assert_eq!(exchange.outcome(), expected, "{headers:?}");
    }
    for request in [post(&[old]), post(&[old]).bearer(&reads)] {
        let exchange = gate.send(&request);
        let challenge = exchange.headers.value("www-authenticate").unwrap();
        let scope = r#"scope="files:read files:write", resource_metadata="#;
        assert!(challenge.contains(scope), "{challenge}");
    }
}
