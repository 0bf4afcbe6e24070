//! The metadata of a resource.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// Returns the resource that a metadata response names, or the label of any other decision.
fn found(decision: &Decision) -> String {
    match decision {
        Decision::Serve(response) if response.status == 200 => {
            let document: Value = serde_json::from_str(&response.body).unwrap();
            document["resource"].as_str().unwrap().to_owned()
        }
        other => label(other).to_owned(),
    }
}

#[test]
fn r1_r3_metadata_is_answered_at_its_own_host_and_path() {
    let engine = gate(json!({}));
    let well_known = "/.well-known/oauth-protected-resource";
    for (authority, below, expected) in [
        ("api.example", "/mcp", MCP),
        ("API.example.", "/mcp", MCP),
        ("api.example:443", "/mcp", MCP),
        ("api.example", "/mcp?x", MCP),
        ("api.example", "/files", FILES),
        ("other.example", "", OTHER),
        // With any other host, port or path, the request does not ask for metadata, so the rules
        // decide.
        ("evil.example", "/mcp", "missing_credential"),
        ("api.example:8443", "/mcp", "missing_credential"),
        ("other.example", "/mcp", "missing_credential"),
        ("api.example", "", "missing_credential"),
        ("api.example", "/mcp/", "missing_credential"),
        ("api.example", "/mcp/tools", "missing_credential"),
        ("", "/mcp", "missing_credential"),
        // Servers can read these paths and authorities in several ways.
        ("api.example", "/mcp;x", "ambiguous_path"),
        ("api.example", "/%6dcp", "ambiguous_path"),
        ("api.example", "//mcp", "ambiguous_path"),
        ("api.example,evil.example", "/mcp", "authority"),
        ("user@api.example", "/mcp", "authority"),
        ("api.example/x", "/mcp", "authority"),
    ] {
        let path = format!("{well_known}{below}");
        let decision = ask(&engine, "GET", authority, &path, &[]);
        assert_eq!(found(&decision), expected, "{authority} {path}");
    }
}

#[test]
fn r1_other_methods_are_answered_with_the_allowed_ones() {
    let path = "/.well-known/oauth-protected-resource/mcp";
    let preflight = [
        ("origin", "https://page.example"),
        ("access-control-request-method", "GET"),
    ];
    for mode in ["enforce", "shadow"] {
        let engine = gate(json!({"bypass_cors_preflight": true, "mode": mode}));
        for (method, headers, status) in [
            ("GET", &[][..], 200),
            ("HEAD", &[], 200),
            ("OPTIONS", &[], 204),
            ("OPTIONS", &preflight, 204),
            ("POST", &[], 405),
            ("DELETE", &[("authorization", "Bearer x")], 405),
        ] {
            let decision = ask(&engine, method, "api.example", path, headers);
            let response = answer(&engine, decision);
            assert_eq!(response.status, status, "{method}");
            let allowed = (status == 405).then_some("GET, HEAD, OPTIONS");
            assert_eq!(header(&response, "allow"), allowed, "{method}");
        }
        // On the path of the resource itself, a preflight request passes.
        let decision = ask(&engine, "OPTIONS", "api.example", "/mcp", &preflight);
        assert_eq!(label(&decision), "cors_preflight");
        // This path ends in `;x`, so a server could still read it as the path of the metadata.
        let decision = ask(
            &engine,
            "OPTIONS",
            "api.example",
            &format!("{path};x"),
            &preflight,
        );
        assert_eq!(label(&decision), "ambiguous_path");
    }
}

#[test]
fn m1_metadata_of_a_hosts_only_resource_is_at_the_root_too() {
    let engine = gate(json!({"protected_resources": [{"resource": MCP}, {"resource": OTHER}]}));
    let root = "/.well-known/oauth-protected-resource";
    for (authority, expected) in [
        ("api.example", MCP),
        ("other.example", OTHER),
        ("evil.example", "missing_credential"),
    ] {
        let decision = ask(&engine, "GET", authority, root, &[]);
        assert_eq!(found(&decision), expected, "{authority}");
    }
    let decision = ask(&engine, "GET", "api.example", root, &[]);
    let document: Value = serde_json::from_str(&answer(&engine, decision).body).unwrap();
    assert_eq!(
        document["authorization_servers"],
        json!(["https://a.example"])
    );
    assert_eq!(document["scopes_supported"], json!(["read", "tools"]));
}
