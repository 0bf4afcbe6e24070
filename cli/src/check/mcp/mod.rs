//! Checks whether an MCP server compares the headers of a call with its body.
//!
//! Rules with `match.mcp` see only the headers. Such a rule protects a tool only if the server
//! refuses every call whose headers and body name different tools. This check sends calls in which
//! the headers and the body contradict each other. The calls name tools that no server has, so a
//! server that accepts a call still executes nothing.

mod http;

use std::io;

use serde_json::{Value, json};

use self::http::{Response, Url};
use crate::{
    finding::{Finding, Severity},
    outcome::Failure,
};

/// The first protocol revision in which servers must compare headers and body.
const REVISION: &str = "2026-07-28";

/// The JSON-RPC error code for a call whose headers and body differ.
const HEADER_MISMATCH: i64 = -32020;

const METHOD: &str = "tools/call";
const TOOL: &str = "portcullis_check_of_the_body";

/// The contradictory calls. Each entry has the values of the headers `Mcp-Method` and `Mcp-Name`,
/// and the name of the member of the body that contradicts one of these headers.
const PROBES: [(&str, &str, &str); 2] = [
    (METHOD, "portcullis_check_of_the_header", "name"),
    ("tools/list", TOOL, "method"),
];

/// Sends the contradictory calls to a server, and returns a finding for each response that is
/// wrong.
pub(super) fn check(text: &str) -> Result<Vec<Finding>, Failure> {
    let url = Url::parse(text).ok_or_else(|| {
        let remedy = "write the address of the server behind Envoy, such as http://mcp.internal:8080/mcp; \
                      https is not supported";
        Failure::Usage(format!("--mcp: not an http URL; {remedy}"))
    })?;
    let mut findings = Vec::new();
    for (method, name, difference) in PROBES {
        let response = send(&url, method, name).map_err(|error| {
            Failure::Usage(format!(
                "--mcp: no response ({error}); start the server, and name the address that the server listens on"
            ))
        })?;
        if let Err(message) = verdict(&response, difference) {
            findings.push(Finding {
                severity: Severity::Error,
                file: text.to_owned(),
                position: None,
                path: String::new(),
                message,
            });
        }
    }
    Ok(findings)
}

fn send(url: &Url, method: &str, name: &str) -> io::Result<Response> {
    let headers = [
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", REVISION),
        ("Mcp-Method", method),
        ("Mcp-Name", name),
    ];
    let body = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": METHOD,
        "params": {
            "name": TOOL,
            "arguments": {},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": REVISION,
                "io.modelcontextprotocol/clientInfo": { "name": "portcullis", "version": env!("CARGO_PKG_VERSION") },
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    url.post(&headers, &body.to_string())
}

/// Checks that the server refused the call because the headers and the body differ in the member
/// `difference`. A refusal for another reason proves nothing: perhaps the server lacks the tool,
/// and would have executed the call if it had the tool.
fn verdict(response: &Response, difference: &str) -> Result<(), String> {
    let body: Option<Value> = serde_json::from_str(&response.body).ok();
    let code = body.and_then(|body| body.pointer("/error/code")?.as_i64());
    let status = response.status;
    match (status, code) {
        (400, Some(HEADER_MISMATCH)) => Ok(()),
        (401 | 403, _) => Err(format!(
            "the server asks for a token (status {status}); name the address of the server behind Envoy, where no token is needed"
        )),
        (404 | 405, None) => Err(format!(
            "there is no MCP server at this path (status {status}); name the path that clients use"
        )),
        _ => Err(format!(
            "the server does not refuse a call whose {difference} differs between header and body: \
             the status is {status} instead of 400 with the JSON-RPC error {HEADER_MISMATCH}; \
             update the server to revision {REVISION}, or protect its path with rules that have no \
             \"mcp\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_refusal_of_the_difference_is_good() {
        let error = |code: i64| json!({ "jsonrpc": "2.0", "error": { "code": code } }).to_string();
        for (status, body, expected) in [
            (400, error(HEADER_MISMATCH), None),
            (
                200,
                error(HEADER_MISMATCH),
                Some("the server does not refuse"),
            ),
            (400, error(-32602), Some("the server does not refuse")),
            (400, String::new(), Some("the server does not refuse")),
            (200, "{}".to_owned(), Some("the server does not refuse")),
            (
                401,
                error(HEADER_MISMATCH),
                Some("the server asks for a token"),
            ),
            (404, "not found".to_owned(), Some("there is no MCP server")),
            (404, error(-32601), Some("the server does not refuse")),
            (500, String::new(), Some("the server does not refuse")),
        ] {
            let message = verdict(&Response { status, body }, "name").err();
            let is_expected = match (&message, expected) {
                (Some(message), Some(start)) => message.starts_with(start),
                (message, expected) => message.is_none() && expected.is_none(),
            };
            assert!(is_expected, "{status}: {message:?}");
        }
    }
}
