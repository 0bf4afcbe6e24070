//! Runs the program as a user does: arguments and files in, lines and exit codes out.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails may panic"
)]

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis::jose::Algorithm;
use serde_json::{Value, json};

mod certificates;
mod check;
mod envoy_files;
mod explain;
mod generated;
mod mcp;
mod mistakes;
mod policy_test_mistakes;
mod policy_test_page;
mod policy_tests;

use support::signer::Signer;

const NOW: u64 = 1_700_000_000;

const CONFIG: &str = "
providers:
  idp:
    issuer: https://idp.example.com
    audiences: [orders]
    claim_to_headers:
    - { header_name: x-user, claim_name: sub }
    remote_jwks:
      http_uri: { uri: 'https://idp.example.com/keys', cluster: idp, timeout: 5s }
    payload_in_metadata: jwt
requirement_map:
  optional: { allow_missing: {} }
filter_state_rules:
  name: tenant
  requires:
    free: { allow_missing: {} }
rules:
- match: { path: /healthz }
- match: { prefix: /orders }
  requires: { provider_name: idp }
  authorize:
    scopes: { all_of: [orders.read] }
status:
  path: /status
  requires: { provider_name: idp }
";

fn file(name: &str, text: &str) -> PathBuf {
    support::folders::write("cli", name, text)
}

fn portcullis(arguments: &[&str], input: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // If the program refuses the arguments, it may end without reading its input.
    let _ = program.stdin.take().unwrap().write_all(input.as_bytes());
    program.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn decide(name: &str, extra: &[&str], requests: &[Value]) -> Vec<Value> {
    let config = file(&format!("{name}.yaml"), CONFIG);
    let mut arguments = vec!["decide", "--config", config.to_str().unwrap()];
    arguments.extend(["--now", "1700000000"]);
    arguments.extend(extra);
    let input: Vec<String> = requests.iter().map(Value::to_string).collect();
    let output = portcullis(&arguments, &input.join("\n"));
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn decides_on_each_request_in_order() {
    let signer = Signer::new(Algorithm::Es256);
    let keys = file("decides.jwks", &signer.jwks().to_string());
    let jwks = format!("idp={}", keys.display());
    let claims = |scope: &str| {
        json!({ "iss": "https://idp.example.com", "aud": "orders", "sub": "alice",
                "scope": scope, "exp": NOW + 60 })
    };
    let bearer = |scope: &str| format!("Bearer {}", signer.sign_claims(&claims(scope)));
    let decisions = decide(
        "decides",
        &["--jwks", &jwks],
        &[
            json!({ "id": 1, "method": "GET", "path": "/healthz", "headers": [] }),
            json!({ "id": "two", "method": "GET", "path": "/orders", "authority": "api",
                    "headers": [["Authorization", bearer("orders.read")], ["x-user", "root"]] }),
            json!({ "id": 3, "method": "GET", "path": "/orders",
                    "headers": [["authorization", bearer("orders.write")]] }),
            json!({ "id": 4, "method": "GET", "path": "/orders", "headers": [] }),
            json!({ "id": 5, "method": "GET", "path": "/orders/../healthz", "headers": [] }),
        ],
    );
    let outcome = |index: usize| {
        let decision: &Value = &decisions[index];
        (
            decision["id"].clone(),
            decision["decision"].clone(),
            decision["status"].clone(),
        )
    };
    assert_eq!(outcome(0), (json!(1), json!("allow"), json!(200)));
    assert_eq!(outcome(1), (json!("two"), json!("allow"), json!(200)));
    assert_eq!(outcome(2), (json!(3), json!("deny"), json!(403)));
    assert_eq!(outcome(3), (json!(4), json!("deny"), json!(401)));
    assert_eq!(outcome(4), (json!(5), json!("deny"), json!(400)));
    let exported = decisions[1]["filter_state"]["wasm.portcullis.jwt"].as_str();
    assert!(exported.unwrap().contains(r#""sub":"alice""#));
    assert!(decisions[0].get("filter_state").is_none());
    assert_eq!(decisions[1]["provider"], json!("idp"));
    assert_eq!(decisions[1]["removed_headers"], json!(["authorization"]));
    let forwarded = decisions[1]["forwarded_headers"].as_array().unwrap();
    assert!(forwarded.contains(&json!(["x-user", "alice"])));
    assert_eq!(
        decisions[2]["response_headers"][0],
        json!([
            "www-authenticate",
            r#"Bearer realm="api", error="insufficient_scope", scope="orders.read""#
        ])
    );
}

#[test]
fn decides_with_what_the_proxy_would_add() {
    let request = |route: Value, state: Value| json!({ "path": "/elsewhere", "route_metadata": route, "filter_state": state });
    let decisions = decide(
        "proxy",
        &[],
        &[
            request(json!({ "requirement_name": "optional" }), json!({})),
            request(json!({ "requirement_name": "none" }), json!({})),
            request(json!(null), json!({ "tenant": "free" })),
            request(json!(null), json!({ "tenant": "other" })),
        ],
    );
    let reasons: Vec<&Value> = decisions.iter().map(|line| &line["reason"]).collect();
    let expected = ["lenient", "route_policy", "lenient", "missing_credential"];
    assert_eq!(reasons, expected);
}

#[test]
fn treats_missing_keys_as_unavailable() {
    let signer = Signer::new(Algorithm::Es256);
    let claims = json!({ "iss": "https://idp.example.com", "aud": "orders", "exp": NOW + 60 });
    let authorization = format!("Bearer {}", signer.sign_claims(&claims));
    let decisions = decide(
        "without-keys",
        &[],
        &[json!({ "path": "/orders", "headers": [["authorization", authorization]] })],
    );
    assert_eq!(decisions[0]["status"], json!(503));
    assert_eq!(decisions[0]["reason"], json!("keys_unavailable"));
}

#[test]
fn decides_who_may_see_the_status() {
    let signer = Signer::new(Algorithm::Es256);
    let keys = file("status-keys.json", &signer.jwks().to_string());
    let claims = json!({ "iss": "https://idp.example.com", "aud": "orders", "exp": NOW + 60 });
    let good = format!("Bearer {}", signer.sign_claims(&claims));
    let request = |method: &str, headers: Value| json!({ "method": method, "path": "/status", "headers": headers });
    let decisions = decide(
        "status",
        &["--jwks", &format!("idp={}", keys.display())],
        &[
            request(
                "GET",
                json!([["authorization", good], ["accept", "text/html"]]),
            ),
            request("GET", json!([])),
            request("PUT", json!([])),
        ],
    );
    let values = |name: &str| {
        decisions
            .iter()
            .map(|line| line[name].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(values("decision"), ["allow", "deny", "deny"]);
    assert_eq!(values("status"), [200, 401, 405]);
    assert_eq!(
        values("reason"),
        ["status", "missing_credential", "method_not_allowed"]
    );
    let html = json!(["content-type", "text/html; charset=utf-8"]);
    assert_eq!(decisions[0]["response_headers"][0], html);
    assert_eq!(decisions[0]["forwarded_headers"], json!([]));
}

/// The program refuses YAML that Envoy reads in an unexpected way: Envoy reads an unquoted `1.0` as
/// a string, and drops the first of two members with the same name.
#[test]
fn reads_yaml_as_envoy_does_or_not_at_all() {
    for (name, text, expected) in [
        (
            "fraction",
            CONFIG.replace("audiences: [orders]", "audiences: [1.0]"),
            "put the number between quotes",
        ),
        (
            "skew",
            CONFIG.replace("    issuer:", "    clock_skew_seconds: 60.0\n    issuer:"),
            "put the number between quotes",
        ),
        (
            "twice",
            format!("{CONFIG}\nrules: []\n"),
            "\"rules\" occurs twice",
        ),
    ] {
        let config = file(&format!("{name}.yaml"), &text);
        let output = portcullis(&["check", config.to_str().unwrap()], "");
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn distinguishes_wrong_usage_from_findings() {
    let config = file("usage.yaml", CONFIG);
    let config = config.to_str().unwrap();
    let wrong = file("usage-wrong.yaml", "rules: 7");
    for (arguments, input, code) in [
        (&["no-such-command"][..], "", 2),
        (&["check", "/no/such/file"], "", 2),
        (&["check", config, "--jwks", "idp"], "", 2),
        (&["explain", "--config", config, "--token", "-"], "", 2),
        (&["explain", "--config", config, "--token", "-"], "a b c", 2),
        (
            &[
                "explain",
                "--config",
                config,
                "--token",
                "-",
                "--request",
                "GET",
            ],
            "a",
            2,
        ),
        (&["completions", "cmd"], "", 2),
        (&["man", "/dev/null/pages"], "", 2),
        (&["check", config, "--jwks", "other=/dev/null"], "", 2),
        (&["decide", "--config", config], "{", 2),
        (&["decide", "--config", config], r#"{"paht":"/"}"#, 2),
        (&["decide", "--config", wrong.to_str().unwrap()], "", 1),
    ] {
        let output = portcullis(arguments, input);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?} says why");
    }
}

/// The printed hash works in a configuration, and the printed secret works in a request.
#[test]
fn makes_a_secret_and_the_hash_that_accepts_it() {
    let output = portcullis(&["client-secret"], "");
    assert_eq!(output.status.code(), Some(0));
    let made: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let config = json!({
        "providers": { "jobs": { "client_secrets": { "clients": {
            "batch": { "secret_hashes": [made["hash"]] },
        } } } },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "jobs" } }],
    });
    let config = file("client-secret.json", &config.to_string());
    let config = config.to_str().unwrap();
    assert_eq!(portcullis(&["check", config], "").status.code(), Some(0));
    let basic = |secret: &str| {
        let pair = STANDARD.encode(format!("batch:{secret}"));
        json!({ "path": "/", "headers": [["authorization", format!("Basic {pair}")]] })
    };
    let secret = made["secret"].as_str().unwrap();
    let requests = format!("{}\n{}\n", basic(secret), basic("other"));
    let output = portcullis(&["decide", "--config", config], &requests);
    let said = stdout(&output);
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["reason"], json!("verified"));
    assert_eq!(lines[0]["provider"], json!("jobs"));
    assert_eq!(lines[0]["removed_headers"], json!(["authorization"]));
    assert_eq!(lines[1]["reason"], json!("bad_client_secret"));
    assert_eq!(
        lines[1]["response_headers"][0],
        json!(["www-authenticate", r#"Basic realm="api""#])
    );
    assert!(!said.contains(secret), "{said}");
}

/// A user may pass a token by mistake in place of a configuration or a file name.
#[test]
fn repeats_no_token_passed_in_place_of_something_else() {
    let token = Signer::new(Algorithm::Es256).sign_claims(&json!({ "iss": "a", "sub": "alice" }));
    let opaque = "2YotnFZFEjr1zCsicMWpAA";
    let config = file("no-token.json", "{}");
    let config = config.to_str().unwrap();
    let both = file("token-for-config.json", &token);
    let token_file = both.to_str().unwrap();
    for token in [token.as_str(), opaque] {
        for input in [
            token.to_owned(),
            format!("Bearer {token}"),
            format!("{{\"{token}\": 1}}"),
            format!("{{\"headers\": \"{token}\"}}"),
            format!("{{\"realm\": [\"{token}\"]}}"),
            format!("{{\"mode\": \"{token}\"}}"),
            format!("{token}: ["),
            format!("{token}: 1\n{token}: 2"),
            format!("{{\"{token}\": 1, \"{token}\": 2}}"),
        ] {
            for arguments in [
                ["check", "-"].as_slice(),
                &["explain", "--config", "-", "--token", "-"],
                &["explain", "--config", "-", "--token", token_file],
                &["explain", "--config", token_file, "--token", "-"],
                &["decide", "--config", "-"],
                &["decide", "--config", config],
                &["migrate", "-"],
            ] {
                let output = portcullis(arguments, &input);
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8(said).unwrap();
                assert_ne!(output.status.code(), Some(0), "{arguments:?}: {said}");
                for piece in token.split('.') {
                    let start = piece.get(..8).unwrap();
                    assert!(!said.contains(start), "{arguments:?} {input}: {said}");
                }
            }
        }
    }
}

#[test]
fn refuses_to_read_two_things_from_standard_input() {
    for (arguments, expected) in [
        (
            ["explain", "--config", "-", "--token", "-"].as_slice(),
            "cannot both read standard input",
        ),
        (&["decide", "--config", "-"], "name a file"),
    ] {
        let output = portcullis(arguments, CONFIG);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

/// If the reader of the output closes the pipe, as in `portcullis schema | head`, there is no
/// message, and the exit code stays the same.
#[test]
fn ends_quietly_when_its_output_is_closed() {
    let config = file("unread.json", r#"{ "providers": {}, "nonsense": 1 }"#);
    let config = config.to_str().unwrap();
    for (arguments, code) in [
        (["schema"].as_slice(), 0),
        (&["completions", "bash"], 0),
        (&["client-secret"], 0),
        (&["check", config], 1),
    ] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(program.stdout.take());
        let output = program.wait_with_output().unwrap();
        assert_eq!(output.stderr, b"", "{arguments:?}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    }
}
