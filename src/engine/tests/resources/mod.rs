//! Tests of protected resources: their metadata, the challenges that contain the metadata's URL,
//! and the tokens that a resource accepts. In the test names, R1 to R7 (RFC 9728) and M1 to M8 (the
//! authorization specification of the Model Context Protocol) are numbers of requirements in
//! `docs/requirements.md`.

mod audience;
mod challenge;
mod elsewhere;
mod metadata;
mod origin;
mod spelling;

use super::*;
use crate::{decision::Denial, http::Response};

const MCP: &str = "https://api.example/mcp";
const FILES: &str = "https://api.example/files";
const OTHER: &str = "https://other.example/";

/// An engine with three resources on two hosts. On `/mcp` and below, the rules require scopes,
/// except that `/mcp/open` requires no token.
fn gate(rest: Value) -> Engine {
    let a = json!({"provider_name": "a"});
    let mut config = json!({
        "providers": {"a": {"audiences": ["orders", MCP, FILES]}},
        "protected_resources": [{"resource": MCP}, {"resource": FILES}, {"resource": OTHER}],
        "rules": [
            {"match": {"path": "/mcp/open"}},
            {
                "match": {"path_separated_prefix": "/mcp"}, "requires": a,
                "authorize": {"scopes": {"all_of": ["tools", "offline_access", "read"]}},
            },
            {"match": {"path_separated_prefix": "/files"}, "requires": a},
            {"match": {"path": "/"}, "requires": a},
        ],
    });
    merge(&mut config, rest);
    engine(config)
}

fn ask(
    engine: &Engine,
    method: &str,
    authority: &str,
    path: &str,
    more: &[(&str, &str)],
) -> Decision {
    let mut headers = vec![(":authority", authority)];
    headers.extend_from_slice(more);
    send(engine, method, path, &headers)
}

/// Sends a GET request with the given `Authorization` header.
fn get(engine: &Engine, authority: &str, path: &str, authorization: &str) -> Decision {
    ask(
        engine,
        "GET",
        authority,
        path,
        &[("authorization", authorization)],
    )
}

fn answer(engine: &Engine, decision: Decision) -> Response {
    match decision {
        Decision::Serve(response) => response,
        Decision::Deny(denial) => engine.response(&denial),
        other => panic!("{other:?}"),
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut found = response.headers.iter().filter(|(own, _)| *own == name);
    found.next().map(|(_, value)| value.as_str())
}

fn challenge(engine: &Engine, decision: Decision) -> String {
    let response = answer(engine, decision);
    header(&response, "www-authenticate")
        .unwrap_or("none")
        .to_owned()
}

fn with(token: &str) -> String {
    format!("Bearer {token}")
}
