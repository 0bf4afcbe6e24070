//! Challenges below a resource.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn r4_m3_m4_challenges_lead_to_the_metadata_and_name_all_scopes() {
    let engine = gate(json!({}));
    let url = "https://api.example/.well-known/oauth-protected-resource/mcp";
    let (scope, metadata) = (
        "scope=\"tools read\"",
        format!("resource_metadata=\"{url}\""),
    );
    let good = |scope: &str| with(&token("a", json!({"aud": MCP, "scope": scope})));
    let bearer = "Bearer realm=\"api\"";
    for (authorization, status, expected) in [
        (None, 401, format!("{bearer}, {scope}, {metadata}")),
        (
            Some(with("x.y.z")),
            401,
            format!("{bearer}, error=\"invalid_token\", {scope}, {metadata}"),
        ),
        // The challenge names all scopes that the rule requires, including those that the token
        // already has.
        (
            Some(good("tools")),
            403,
            format!("{bearer}, error=\"insufficient_scope\", {scope}, {metadata}"),
        ),
        (
            Some("Bearer".to_owned()),
            400,
            format!("{bearer}, error=\"invalid_request\""),
        ),
    ] {
        let headers: Vec<_> = authorization
            .iter()
            .map(|own| ("authorization", &**own))
            .collect();
        let decision = ask(&engine, "POST", "api.example", "/mcp/tools", &headers);
        let response = answer(&engine, decision);
        assert_eq!(response.status, status);
        assert_eq!(header(&response, "www-authenticate"), Some(&*expected));
        let exposed = (status != 400).then_some("WWW-Authenticate, DPoP-Nonce");
        assert_eq!(header(&response, "access-control-expose-headers"), exposed);
    }
    let full = good("tools read offline_access");
    let passes = get(&engine, "api.example", "/mcp", &full);
    assert_eq!(label(&passes), "verified");
    // On a path that belongs to no resource, the challenge contains neither a metadata URL nor
    // scopes.
    let decision = ask(&engine, "GET", "api.example", "/", &[]);
    assert_eq!(challenge(&engine, decision), bearer);
}

#[test]
fn challenge_scope_leaves_the_scopes_out_of_401() {
    let engine = gate(json!({
        "protected_resources": [{"resource": MCP, "challenge_scope": false}],
    }));
    let metadata =
        "resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/mcp\"";
    let decision = ask(&engine, "GET", "api.example", "/mcp", &[]);
    assert_eq!(
        challenge(&engine, decision),
        format!("Bearer realm=\"api\", {metadata}")
    );
    let short = with(&token("a", json!({"aud": MCP})));
    let decision = get(&engine, "api.example", "/mcp", &short);
    assert_eq!(
        challenge(&engine, decision),
        format!(
            "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"tools read\", {metadata}"
        )
    );
}

#[test]
fn m2_each_failure_has_its_status_and_query_tokens_are_ignored() {
    let header = json!([{"name": "Authorization", "value_prefix": "Bearer "}]);
    let engine = gate(json!({"providers": {"a": {"from_headers": header}}}));
    let good = token(
        "a",
        json!({"aud": MCP, "scope": "tools read offline_access"}),
    );
    let expired = token("a", json!({"aud": MCP, "exp": NOW - 300}));
    let short = token("a", json!({"aud": MCP}));
    for (path, authorization, status, reason) in [
        ("/mcp".to_owned(), None, 401, "missing_credential"),
        ("/mcp".to_owned(), Some(with("x")), 401, "malformed_token"),
        ("/mcp".to_owned(), Some(with(&expired)), 401, "expired"),
        (
            "/mcp".to_owned(),
            Some(with(&short)),
            403,
            "insufficient_scope",
        ),
        (
            "/mcp".to_owned(),
            Some("Bearer a b".to_owned()),
            400,
            "malformed_credential",
        ),
        (
            format!("/mcp?access_token={good}"),
            None,
            401,
            "missing_credential",
        ),
    ] {
        let headers: Vec<_> = authorization
            .iter()
            .map(|own| ("authorization", &**own))
            .collect();
        let decision = ask(&engine, "POST", "api.example", &path, &headers);
        assert_eq!(label(&decision), reason);
        assert_eq!(answer(&engine, decision).status, status, "{reason}");
    }
}

#[test]
fn refusals_that_the_gate_makes_lead_to_the_metadata_too() {
    let engine = gate(json!({}));
    let refusal = |authority: &str, path: &str| -> Denial {
        let head = [(":path", path), (":authority", authority)];
        engine.refusal(Reason::UnsettledRoute, &Request::new(header_bytes(&head)))
    };
    assert!(
        refusal("api.example", "/mcp/x?y")
            .resource_metadata
            .is_some()
    );
    assert_eq!(refusal("evil.example", "/mcp").resource_metadata, None);
}
