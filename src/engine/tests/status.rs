//! Tests of the status page.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::http::Format;

/// An engine whose status page requires a token of provider `b` with the scope `status`. All other
/// paths are open.
fn guarded(rest: Value) -> Engine {
    let mut config = json!({
        "status": {
            "path": "/status",
            "requires": {"provider_name": "b"},
            "authorize": {"scopes": {"all_of": ["status"]}},
        },
        "rules": [],
        "unmatched": "allow",
    });
    merge(&mut config, rest);
    engine(config)
}

fn ask(engine: &Engine, method: &str, path: &str, token: &str) -> &'static str {
    let value = format!("Bearer {token}");
    label(&send(engine, method, path, &[("authorization", &value)]))
}

#[test]
fn shows_the_page_to_clients_with_the_required_token() {
    let reader = token("b", json!({"scope": "status"}));
    for mode in ["enforce", "shadow"] {
        let engine = guarded(json!({"mode": mode}));
        for (method, path, token, expected) in [
            ("GET", "/status", reader.as_str(), "report"),
            ("HEAD", "/status", &reader, "report"),
            ("GET", "/status?a", &reader, "report"),
            (
                "GET",
                "/status",
                &token("b", json!({})),
                "insufficient_scope",
            ),
            (
                "GET",
                "/status",
                &token("a", json!({"scope": "status"})),
                "issuer",
            ),
            ("GET", "/status", "junk", "malformed_token"),
            ("POST", "/status", &reader, "method_not_allowed"),
            ("OPTIONS", "/status", "junk", "method_not_allowed"),
            ("get", "/status", &reader, "method"),
            // These paths are similar to the path of the status page, but not the same.
            ("GET", "/status/", "junk", "unmatched"),
            ("GET", "/Status", "junk", "unmatched"),
            ("GET", "/status;a", "junk", "unmatched"),
            ("GET", "/%73tatus", "junk", "unmatched"),
            ("GET", "//status", &reader, "ambiguous_path"),
        ] {
            assert_eq!(
                ask(&engine, method, path, token),
                expected,
                "{mode} {method} {path}"
            );
        }
        assert_eq!(
            label(&send(&engine, "GET", "/status", &[])),
            "missing_credential"
        );
    }
}

#[test]
fn no_route_and_no_rule_opens_the_status_page() {
    let engine = guarded(json!({
        "rules": [{"match": {"prefix": "/"}}],
        "bypass_cors_preflight": true,
    }));
    assert_eq!(
        label(&send(&engine, "GET", "/status", &[])),
        "missing_credential"
    );
    assert_eq!(label(&send(&engine, "GET", "/other", &[])), "not_required");
    let policy = engine.config().route_policy(&json!({"disabled": true}));
    let head = vec![(&b":method"[..], &b"GET"[..]), (b":path", b"/status")];
    let request = Request::new(head);
    let decision = engine
        .decide(
            &request,
            Some(&policy),
            UnixMillis::new(0),
            Patience::Waiting,
            &NoConnection,
        )
        .decision;
    assert_eq!(label(&decision), "missing_credential");
    let preflight = [
        ("origin", "https://a"),
        ("access-control-request-method", "GET"),
    ];
    assert_eq!(
        label(&send(&engine, "OPTIONS", "/status", &preflight)),
        "cors_preflight"
    );
}

#[test]
fn shows_an_unprotected_page_to_anyone() {
    let engine = engine(json!({"status": {"path": "/status", "unprotected": true}}));
    for (accept, format) in [("text/html", Format::Html), ("*/*", Format::Json)] {
        let decision = send(&engine, "GET", "/status", &[("accept", accept)]);
        assert_eq!(decision, Decision::Report(format));
    }
    // The page requires no token here, so the token is ignored.
    assert_eq!(ask(&engine, "GET", "/status", "junk"), "report");
}
