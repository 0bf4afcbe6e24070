//! Tests of protected resources: their metadata, the challenges that contain the metadata's URL,
//! and the tokens that a resource accepts. In the test names, R1 to R7 (RFC 9728) and M1 to M8 (the
//! authorization specification of the Model Context Protocol) are numbers of requirements in
//! `docs/requirements.md`.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

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

fn with(token: &str) -> String {
    format!("Bearer {token}")
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
fn r7_m6_a_token_must_be_meant_for_the_resource() {
    let no_cache = json!({"jwt_cache_config": {"disabled": true}});
    for cache in [json!({}), no_cache] {
        let engine = gate(json!({"providers": {"a": cache}}));
        for (aud, path, expected) in [
            (json!(FILES), "/files", "verified"),
            (json!([MCP, FILES]), "/files", "verified"),
            (json!("orders"), "/files/x", "verified"),
            // The provider accepts this audience, but it is the identifier of another resource.
            (json!(MCP), "/files", "audience"),
            (json!([MCP, "unlisted"]), "/files", "audience"),
            // Resource identifiers are compared character by character.
            (json!("https://api.example/files/"), "/files", "audience"),
            (json!("https://API.example/files"), "/files", "audience"),
            (json!([]), "/files", "audience"),
            // The resource's identifier is accepted as an audience, although the provider does not
            // list it.
            (json!(OTHER), "/", "verified"),
        ] {
            let authority = if path == "/" {
                "other.example"
            } else {
                "api.example"
            };
            let token = with(&token("a", json!({"aud": aud})));
            // The second request uses the token's cache entry.
            for _ in 0..2 {
                let decision = get(&engine, authority, path, &token);
                assert_eq!(label(&decision), expected, "{aud} {path}");
            }
        }
    }
}

/// If Envoy and the upstream ignore the host, a request can reach a resource although the host that
/// it names belongs to no resource.
#[test]
fn r7_an_unknown_host_does_not_lead_around_the_audience_of_a_resource() {
    let internal = json!([{"name": ":authority", "string_match": {"exact": "internal.example"}}]);
    let engine = gate(json!({
        "rules": [
            {
                "match": {"path_separated_prefix": "/files", "headers": internal},
                "requires": {"provider_name": "a"},
            },
            {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
        ],
        "protected_resources": [{"resource": MCP}, {"resource": FILES}],
    }));
    for (authority, path, aud, expected) in [
        ("evil.example", "/files", json!(MCP), "audience"),
        ("evil.example", "/files/x?y", json!(MCP), "audience"),
        ("api.example:8443", "/files", json!(MCP), "audience"),
        ("", "/files", json!(MCP), "audience"),
        ("evil.example", "/files;x", json!(MCP), "ambiguous_path"),
        ("evil.example", "/files", json!(FILES), "verified"),
        ("evil.example", "/files", json!([MCP, "orders"]), "verified"),
        ("evil.example", "/filesystem", json!(MCP), "verified"),
        // No resource has this host. But the matching rule names it, so the operator meant to
        // accept it.
        ("internal.example", "/files", json!(MCP), "verified"),
    ] {
        let token = with(&token("a", json!({"aud": aud})));
        for _ in 0..2 {
            let decision = get(&engine, authority, path, &token);
            assert_eq!(label(&decision), expected, "{authority} {path} {aud}");
        }
    }
}

/// An attack: the client sends the host of the resource `MCP` with the path of the resource `FAR`.
/// If Envoy and the upstream ignored the host, the client could use a token for `MCP` at `FAR`. In
/// the same way, a web page could evade the `allowed_origins` of `FAR`.
#[test]
fn r7_the_host_of_another_resource_does_not_lead_around_the_checks_of_a_resource() {
    const FAR: &str = "https://far.example/far";
    let engine = gate(json!({
        "providers": {"a": {"audiences": [MCP, FAR, OTHER]}},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
        "protected_resources": [
            {"resource": MCP},
            {"resource": FAR, "allowed_origins": []},
            {"resource": OTHER},
        ],
    }));
    for (authority, path, aud, origin, expected) in [
        ("api.example", "/far", MCP, None, "audience"),
        ("api.example", "/far/x", MCP, None, "audience"),
        ("far.example", "/far", MCP, None, "audience"),
        ("api.example", "/far", FAR, None, "verified"),
        (
            "api.example",
            "/far",
            FAR,
            Some("https://evil.example"),
            "origin",
        ),
        // The resource `OTHER` has the path `/`, but no path on the host of another resource
        // belongs to `OTHER`.
        ("api.example", "/near", MCP, None, "verified"),
        ("evil.example", "/near", MCP, None, "audience"),
    ] {
        let token = with(&token("a", json!({"aud": aud})));
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        for _ in 0..2 {
            let decision = ask(&engine, "GET", authority, path, &headers);
            assert_eq!(label(&decision), expected, "{authority} {path} {aud}");
        }
    }
}

/// On a host that belongs to no resource, the checks of the resource are skipped only if the
/// matching rule names the host. Here no rule matches, so the checks apply.
#[test]
fn r7_an_unknown_host_does_not_lead_around_the_checks_if_no_rule_matches() {
    let engine = gate(json!({
        "rules": [{"match": {"path": "/mcp/x"}, "requires": {"provider_name": "a"}}],
        "protected_resources": [{"resource": MCP, "allowed_origins": []}],
        "unmatched": "allow",
    }));
    let evil = [("origin", "https://evil.example")];
    for (authority, headers, expected) in [
        ("api.example", &evil[..], "origin"),
        ("evil.example", &evil, "origin"),
        ("evil.example", &[], "unmatched"),
    ] {
        let decision = ask(&engine, "POST", authority, "/mcp/y", headers);
        assert_eq!(label(&decision), expected, "{authority}");
    }
}

/// An attack: the client adds a port to the host to evade the checks of the resource `MCP`. The
/// conditions on the host match with any port.
#[test]
fn r7_a_port_does_not_lead_around_the_checks_of_a_resource() {
    let evil = "https://evil.example";
    let token = with(&token("a", json!({"aud": FILES})));
    for (condition, expected_elsewhere) in [
        (json!({"prefix": "api.example"}), "unmatched"),
        (json!({"contains": "api.example"}), "unmatched"),
        (
            json!({"safe_regex": {"regex": "api\\.example(:[0-9]+)?"}}),
            "unmatched",
        ),
        // These conditions match any host, so a rule with such a condition names no host.
        (json!({"safe_regex": {"regex": ".*"}}), "audience"),
        (json!({"contains": "."}), "audience"),
    ] {
        let host = json!([{"name": ":authority", "string_match": condition}]);
        let engine = gate(json!({
            "rules": [{
                "match": {"prefix": "/", "headers": host}, "requires": {"provider_name": "a"},
            }],
            "protected_resources": [
                {"resource": MCP, "allowed_origins": ["https://app.example"]},
                {"resource": FILES},
            ],
        }));
        for (authority, expected) in [
            ("api.example", "audience"),
            ("api.example:443", "audience"),
            ("api.example:8443", "audience"),
            ("API.example:1", "audience"),
            ("evil.example", expected_elsewhere),
        ] {
            let decision = get(&engine, authority, "/mcp", &token);
            assert_eq!(label(&decision), expected, "{condition} {authority}");
            let headers = [("authorization", token.as_str()), ("origin", evil)];
            let decision = ask(&engine, "POST", authority, "/mcp", &headers);
            let expected = expected.replace("audience", "origin");
            assert_eq!(label(&decision), expected, "{condition} {authority}");
        }
    }
}

/// An attack: the client sends the port of the resource `PORT` to evade the checks of the resource
/// `ROOT`, which has the same host.
#[test]
fn r7_the_port_of_another_resource_does_not_lead_around_the_checks_of_a_resource() {
    const ROOT: &str = "https://api.example/";
    const PORT: &str = "https://api.example:8443/mcp";
    let prefix = json!([{"name": ":authority", "string_match": {"prefix": "api.example"}}]);
    for headers in [prefix, json!([])] {
        let engine = gate(json!({
            "providers": {"a": {"audiences": [ROOT, PORT, OTHER, "orders"]}},
            "rules": [
                {"match": {"prefix": "/", "headers": headers}, "requires": {"provider_name": "a"}},
                {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
            ],
            "protected_resources": [
                {"resource": ROOT, "allowed_origins": ["https://app.example"]},
                {"resource": PORT},
                {"resource": OTHER},
            ],
        }));
        for (authority, path, aud, origin, expected) in [
            ("api.example:8443", "/private", PORT, None, "audience"),
            ("api.example:9", "/private", PORT, None, "audience"),
            (
                "api.example:8443",
                "/private",
                ROOT,
                Some("https://evil.test"),
                "origin",
            ),
            ("api.example:8443", "/private", ROOT, None, "verified"),
            ("api.example:8443", "/private", "orders", None, "verified"),
            ("api.example:8443", "/mcp", PORT, None, "verified"),
            (
                "api.example:8443",
                "/mcp",
                PORT,
                Some("https://evil.test"),
                "verified",
            ),
        ] {
            let token = with(&token("a", json!({"aud": aud})));
            let mut all = vec![("authorization", token.as_str())];
            all.extend(origin.map(|origin| ("origin", origin)));
            let decision = ask(&engine, "GET", authority, path, &all);
            assert_eq!(label(&decision), expected, "{authority} {path} {aud}");
        }
    }
}

/// An attack: the client sends a host that belongs to no resource, but that matches the wide
/// condition of a rule.
#[test]
fn r7_a_host_that_a_wide_condition_matches_does_not_lead_around_the_checks_of_a_resource() {
    let token = with(&token("a", json!({"aud": FILES})));
    for (condition, authority) in [
        (json!({"prefix": "api.example"}), "api.example.evil.test"),
        (json!({"contains": "api.example"}), "api.example.evil.test"),
        (json!({"suffix": "api.example"}), "evilapi.example"),
        (
            json!({"safe_regex": {"regex": "[^.]+\\.[^.]+\\.[^.]+"}}),
            "x.evil.test",
        ),
        (
            json!({"safe_regex": {"regex": ".*:8(0|4)43"}}),
            "evil.test:8443",
        ),
    ] {
        let host = json!([{"name": ":authority", "string_match": condition}]);
        let engine = gate(json!({
            "rules": [
                {"match": {"prefix": "/", "headers": host}, "requires": {"provider_name": "a"}},
                {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
            ],
            "protected_resources": [
                {"resource": MCP, "allowed_origins": ["https://app.example"]},
                {"resource": FILES},
            ],
        }));
        let decision = get(&engine, authority, "/mcp", &token);
        assert_eq!(label(&decision), "audience", "{condition} {authority}");
        let headers = [
            ("authorization", token.as_str()),
            ("origin", "https://evil.test"),
        ];
        let decision = ask(&engine, "GET", authority, "/mcp", &headers);
        assert_eq!(label(&decision), "origin", "{condition} {authority}");
    }
}

#[test]
fn r7_a_cached_token_is_bound_to_the_resource_of_each_request() {
    let engine = gate(json!({}));
    let token = with(&token("a", json!({"aud": FILES})));
    let at = |path: &str| {
        let decision = get(&engine, "api.example", path, &token);
        label(&decision)
    };
    for _ in 0..2 {
        assert_eq!(
            (at("/files"), at("/mcp"), at("/")),
            ("verified", "audience", "verified")
        );
    }
}

/// The route's policy names a requirement whose provider accepts any audience. Even then, one of
/// the token's audiences must be the resource's identifier.
#[test]
fn r7_an_audience_is_required_below_a_resource_whatever_the_provider_accepts() {
    let mut any = provider("b", &OTHER_SECRET);
    any["audiences"] = json!(null);
    any["allow_any_audience"] = json!(true);
    let engine = gate(json!({
        "providers": {"b": any}, "requirement_map": {"b": {"provider_name": "b"}},
    }));
    let policy = engine
        .config()
        .route_policy(&json!({"requirement_name": "b"}));
    for (authority, aud, expected) in [
        ("api.example", json!(MCP), "verified"),
        ("api.example", json!("x"), "audience"),
        ("api.example", json!(FILES), "audience"),
        ("evil.example", json!(MCP), "verified"),
        ("evil.example", json!(FILES), "audience"),
    ] {
        let value = with(&token("b", json!({"aud": aud})));
        let head = [
            (":method", "GET"),
            (":path", "/mcp"),
            (":authority", authority),
            ("authorization", &value),
        ];
        let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
        let request = Request::new(header_bytes(&head));
        let decided = engine.decide(
            &request,
            Some(&policy),
            now,
            Patience::Waiting,
            &NoConnection,
        );
        assert_eq!(label(&decided.decision), expected);
    }
}

#[test]
fn two_readings_of_a_path_must_belong_to_one_resource() {
    let engine = gate(json!({
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
    }));
    for (path, expected) in [
        ("/mcp/x;y", "missing_credential"),
        ("/mcp%2Dx", "missing_credential"),
        ("/%6dcp", "ambiguous_path"),
        ("/mcp;x", "ambiguous_path"),
        ("/mcp%3Fx", "ambiguous_path"),
    ] {
        let decision = ask(&engine, "GET", "api.example", path, &[]);
        assert_eq!(label(&decision), expected, "{path}");
    }
}

/// Many servers treat `/mcp` like `/mcp/`.
#[test]
fn the_path_without_the_final_slash_belongs_to_the_resource() {
    let (slash, bare) = ("https://api.example/mcp/", MCP);
    for (resources, path, aud, expected) in [
        (
            json!([{"resource": slash}, {"resource": FILES}]),
            "/mcp",
            FILES,
            "audience",
        ),
        (
            json!([{"resource": slash}, {"resource": FILES}]),
            "/mcp",
            slash,
            "verified",
        ),
        (
            json!([{"resource": slash}, {"resource": FILES}]),
            "/mc",
            FILES,
            "verified",
        ),
        (
            json!([{"resource": slash}, {"resource": bare}]),
            "/mcp",
            bare,
            "verified",
        ),
        (
            json!([{"resource": slash}, {"resource": bare}]),
            "/mcp",
            slash,
            "audience",
        ),
        (
            json!([{"resource": slash}, {"resource": bare}]),
            "/mcp/",
            bare,
            "audience",
        ),
    ] {
        let engine = gate(json!({
            "protected_resources": resources,
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "a"}}],
        }));
        let token = with(&token("a", json!({"aud": aud})));
        let decision = get(&engine, "api.example", path, &token);
        assert_eq!(label(&decision), expected, "{path} {aud}");
    }
}

#[test]
fn a_rule_that_ignores_case_binds_every_spelling_to_the_resource() {
    for (matching, expected) in [
        (
            json!({"path_separated_prefix": "/MCP", "case_sensitive": false}),
            "audience",
        ),
        (
            json!({"safe_regex": {"regex": "(?i)/mcp(/.*)?"}}),
            "audience",
        ),
        (json!({"safe_regex": {"regex": "/(?i:m)cp"}}), "audience"),
        (
            json!({"safe_regex": {"regex": "/(?-i:m)(?P<i>c)(?:i|p)"}}),
            "verified",
        ),
    ] {
        let engine = gate(json!({
            "rules": [
                {"match": matching, "requires": {"provider_name": "a"}},
                {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
            ],
        }));
        let token = with(&token("a", json!({"aud": FILES})));
        for path in ["/MCP", "/Mcp/x"] {
            let decision = get(&engine, "api.example", path, &token);
            assert_eq!(label(&decision), expected, "{path}");
        }
        let decision = get(&engine, "api.example", "/mcp", &token);
        assert_eq!(label(&decision), "audience");
    }
}

#[test]
fn m7_an_origin_that_is_not_allowed_is_refused_ahead_of_credentials() {
    for (mode, refused) in [("enforce", "origin"), ("shadow", "shadow")] {
        let engine = gate(json!({
            "mode": mode,
            "unmatched": "allow",
            "protected_resources": [
                {"resource": MCP, "allowed_origins": ["https://app.example"]},
                {"resource": FILES},
                {"resource": OTHER, "allowed_origins": []},
            ],
        }));
        let full = json!({"aud": MCP, "scope": "tools read offline_access"});
        let full = with(&token("a", full));
        for (authority, path, origins, expected) in [
            ("api.example", "/mcp", &[][..], "verified"),
            ("api.example", "/mcp", &["https://app.example"], "verified"),
            ("api.example", "/mcp", &["HTTPS://APP.example"], "verified"),
            ("api.example", "/mcp", &["https://evil.example"], refused),
            ("api.example", "/mcp", &["null"], refused),
            ("api.example", "/mcp", &[""], refused),
            (
                "api.example",
                "/mcp",
                &["https://app.example", "https://app.example"],
                refused,
            ),
            (
                "api.example",
                "/mcp",
                &["https://app.example,https://evil.example"],
                refused,
            ),
            (
                "api.example",
                "/mcp/open",
                &["https://evil.example"],
                refused,
            ),
            (
                "other.example",
                "/unmatched",
                &["https://app.example"],
                refused,
            ),
            (
                "api.example",
                "/elsewhere",
                &["https://evil.example"],
                "unmatched",
            ),
            // After DNS rebinding, the host name of the attacker's web page points to the server.
            // The browser sends this name as the host.
            (
                "evil.example",
                "/mcp/open",
                &["https://evil.example"],
                refused,
            ),
            ("evil.example", "/mcp/open", &[], "not_required"),
        ] {
            let mut headers: Vec<_> = origins.iter().map(|own| ("origin", *own)).collect();
            headers.push(("authorization", &full));
            let decision = ask(&engine, "POST", authority, path, &headers);
            assert_eq!(label(&decision), expected, "{path} {origins:?}");
        }
    }
    let engine = gate(json!({
        "protected_resources": [{"resource": MCP, "allowed_origins": []}],
    }));
    let decision = ask(
        &engine,
        "GET",
        "api.example",
        "/mcp",
        &[("origin", "https://a")],
    );
    let response = answer(&engine, decision);
    assert_eq!(response.status, 403);
    assert_eq!(
        header(&response, "www-authenticate"),
        Some(
            "Bearer realm=\"api\", \
             resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/mcp\""
        )
    );
    assert!(response.body.contains("access_denied"), "{}", response.body);
}

#[test]
fn m8_other_methods_of_the_endpoint_are_under_the_same_rules() {
    let engine = gate(json!({}));
    for method in ["GET", "DELETE", "POST", "OPTIONS"] {
        let decision = ask(&engine, method, "api.example", "/mcp", &[]);
        assert_eq!(label(&decision), "missing_credential", "{method}");
    }
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
