//! MCP calls on the command line: `check --mcp`, and headers for `explain`.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use serde_json::{Value, json};

use super::{CONFIG, file, portcullis, stdout};

const REFUSED: &str = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"differs"}}"#;
const EXECUTED: &str = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;

/// Starts a server that gives these responses to two requests. Returns the server's URL, and a
/// thread whose result is the two requests.
fn server(responses: [(u16, &'static str); 2]) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let answer = |(status, body): (u16, &str)| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let is_whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request);
                let (head, body) = text.split_once("\r\n\r\n").unwrap_or(("", ""));
                let length = head.split("Content-Length: ").nth(1);
                let length = length.map(|rest| rest.lines().next().unwrap().parse().unwrap());
                length == Some(body.len())
            };
            while !is_whole(&request) {
                let mut part = [0; 4096];
                let count = stream.read(&mut part).unwrap();
                request.extend_from_slice(&part[..count]);
            }
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .unwrap();
            String::from_utf8(request).unwrap()
        };
        responses.into_iter().map(answer).collect()
    });
    (url, served)
}

#[test]
fn t5_a_server_that_refuses_contradictory_calls_passes() {
    let (url, served) = server([(400, REFUSED), (400, REFUSED)]);
    let output = portcullis(&["check", "--mcp", &url], "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        stdout(&output),
        format!("{url}: ok: the server compares headers with the body\n")
    );
    let requests = served.join().unwrap();
    for (request, method, is_name_same) in [
        (&requests[0], "tools/call", false),
        (&requests[1], "tools/list", true),
    ] {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /mcp HTTP/1.1\r\n"), "{head}");
        assert!(
            head.contains("\r\nMCP-Protocol-Version: 2026-07-28\r\n"),
            "{head}"
        );
        assert!(
            head.contains(&format!("\r\nMcp-Method: {method}\r\n")),
            "{head}"
        );
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["method"], "tools/call");
        let name = format!("\r\nMcp-Name: {}", body["params"]["name"].as_str().unwrap());
        assert_eq!(head.contains(&name), is_name_same, "{head}");
    }
}

#[test]
fn t5_a_server_that_ignores_the_headers_fails() {
    let (url, _) = server([(200, EXECUTED), (400, REFUSED)]);
    let output = portcullis(&["check", "--mcp", &url], "");
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        "{url}: error: the server does not refuse a call whose name differs between header and \
         body: the status is 200 instead of 400 with the JSON-RPC error -32020; update the server \
         to revision 2026-07-28, or protect its path with rules that have no \"mcp\"\n"
    );
    assert_eq!(stdout(&output), expected);

    let (url, _) = server([(200, EXECUTED), (200, EXECUTED)]);
    let output = portcullis(&["check", "--json", "--mcp", &url], "");
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["ok"], json!(false));
    assert_eq!(report["findings"].as_array().unwrap().len(), 2);
}

#[test]
fn an_address_without_a_server_cannot_be_checked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    for (url, expected) in [
        (gone.as_str(), "--mcp: no response ("),
        (
            "https://mcp.example.com/mcp",
            "--mcp: not an http URL; write the address",
        ),
    ] {
        let output = portcullis(&["check", "--mcp", url], "");
        assert_eq!(output.status.code(), Some(2), "{url}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.starts_with(&format!("portcullis: {expected}")),
            "{said}"
        );
    }
}

#[test]
fn explain_says_why_the_headers_of_a_call_are_refused() {
    let rules = CONFIG.replace(
        "\nrules:\n",
        "\nrules:\n- match: { path: /mcp, mcp: { names: [list_files] } }\n  requires: { provider_name: idp }\n",
    );
    let config = file("mcp.yaml", &rules);
    let config = config.display().to_string();
    let version = "MCP-Protocol-Version: 2026-07-28";
    let (call, name) = ("Mcp-Method: tools/call", "Mcp-Name: list_files");
    for (headers, reason, detail) in [
        (
            &[][..],
            "mcp_version",
            "servers compare the headers with the body only since",
        ),
        (
            &[version, call][..],
            "mcp_header",
            "a call needs MCP-Protocol-Version",
        ),
        (
            &[version, call, name, name][..],
            "mcp_header",
            "a call needs MCP-Protocol-Version",
        ),
        (
            &[version, call, "Mcp-Name: other"][..],
            "unmatched",
            "no rule",
        ),
        (&[version, call, name][..], "malformed_token", ""),
    ] {
        let mut arguments = vec!["explain", "--config", &config, "--token", "-", "--json"];
        arguments.extend(["--request", "POST", "/mcp"]);
        arguments.extend(headers.iter().flat_map(|header| ["--header", header]));
        let output = portcullis(&arguments, "not-a-token");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(report["request"]["reason"], reason, "{headers:?}");
        let said = report["request"]["detail"].as_str().unwrap();
        assert!(said.starts_with(detail), "{said}");
    }
}
