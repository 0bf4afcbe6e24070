//! Tests of rules for MCP calls. In the test names, T2 to T6 are numbers of requirements in
//! `docs/requirements.md`.

mod calls;
mod headers;
mod hosts;
mod legacy;

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
