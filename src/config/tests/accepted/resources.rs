//! Tests of accepted protected resources, and of the metadata that is derived from the rules.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{
    config::tests::{base, base_with, parse},
    policy::{Case, McpLegacy, ProtectedResource, ResourceMetadata},
};

/// Applies `changes` to the base configuration, and sets its `protected_resources` to `resources`.
/// Returns the parsed protected resources.
fn resources(resources: Value, changes: &[(&str, Value)]) -> Vec<ProtectedResource> {
    let mut all = vec![("protected_resources", resources)];
    all.extend(changes.iter().cloned());
    let config = parse(&base_with(&all)).unwrap_or_else(|error| panic!("{error}"));
    config.protected_resources
}

fn rule(matcher: &Value, scopes: &[&str]) -> Value {
    json!({
        "match": matcher,
        "requires": {"provider_name": "okta"},
        "authorize": {"scopes": {"any_of": scopes}},
    })
}

#[test]
fn r5_scopes_are_those_of_the_rules_that_can_match_below() {
    let on = |authority: Value| {
        let mut header = authority;
        header["name"] = json!(":authority");
        json!({"prefix": "/", "headers": [header]})
    };
    let rules = json!([
        rule(&json!({"path": "/mcp"}), &["exact", "offline_access"]),
        rule(&json!({"path": "/mcp/tools"}), &["deeper"]),
        rule(&json!({"path_separated_prefix": "/mcp/x"}), &["segments"]),
        rule(&json!({"prefix": "/mc"}), &["shorter"]),
        rule(
            &json!({"prefix": "/MCP", "case_sensitive": false}),
            &["folded"]
        ),
        rule(&json!({"safe_regex": {"regex": "/v[0-9]"}}), &["regex"]),
        rule(&on(json!({"exact_match": "api.example"})), &["own-host"]),
        rule(
            &on(json!({"exact_match": "API.example:443"})),
            &["own-port"]
        ),
        rule(&on(json!({"suffix_match": ".example"})), &["suffix"]),
        rule(
            &on(json!({"exact_match": "other.example", "invert_match": true})),
            &["not-other"]
        ),
        rule(&json!({"path": "/other"}), &["no-1"]),
        rule(&json!({"prefix": "/mcps"}), &["no-2"]),
        rule(&json!({"path_separated_prefix": "/mcps"}), &["no-3"]),
        rule(&json!({"path": "/MCP"}), &["no-4"]),
        rule(&json!({"connect_matcher": {}}), &["no-5"]),
        rule(&on(json!({"exact_match": "other.example"})), &["no-6"]),
        rule(&on(json!({"exact_match": "api.example:8443"})), &["no-7"]),
        rule(
            &on(json!({"exact_match": "api.example", "invert_match": true})),
            &["no-8"]
        ),
    ]);
    let own = json!([{"resource": "https://api.example/mcp"}]);
    let found = resources(own, &[("rules", rules)]);
    assert_eq!(
        found[0].metadata.scopes_supported,
        [
            "deeper",
            "exact",
            "folded",
            "not-other",
            "own-host",
            "own-port",
            "regex",
            "segments",
            "shorter",
            "suffix",
        ]
    );
    assert_eq!(found[0].case, Case::Ignored);
}

#[test]
fn r5_authorization_servers_are_the_issuers_that_rules_below_accept() {
    let provider = |issuer: &str, enabled: bool| {
        let mut provider = base()["providers"]["okta"].clone();
        provider["issuer"] = json!(issuer);
        provider["enabled"] = json!(enabled);
        provider
    };
    let any = |names: &[&str]| {
        let members: Vec<_> = names
            .iter()
            .map(|name| json!({"provider_name": name}))
            .collect();
        json!({"requires_any": {"requirements": members}})
    };
    let changes = |enabled| {
        [
            ("providers.b", provider("https://b.example", enabled)),
            ("providers.c", provider("https://c.example/?tenant=1", true)),
            ("providers.d", provider("https://d.example", false)),
            ("providers.okta.enabled", json!(enabled)),
            (
                "rules",
                json!([
                    {"match": {"path": "/mcp"}, "requires": any(&["okta", "d", "b"])},
                    {"match": {"path": "/other"}, "requires": {"provider_name": "c"}},
                ]),
            ),
        ]
    };
    let own = || json!([{"resource": "https://api.example/mcp"}]);
    let servers = |found: Vec<ProtectedResource>| found[0].metadata.authorization_servers.clone();
    assert_eq!(
        servers(resources(own(), &changes(true))),
        ["https://idp.example", "https://b.example"]
    );
    // If all providers are disabled, the metadata lists all issuers, because metadata without any
    // authorization server would be useless.
    assert_eq!(
        servers(resources(own(), &changes(false))),
        [
            "https://idp.example",
            "https://d.example",
            "https://b.example"
        ]
    );
    let mut written = own();
    written[0]["authorization_servers"] = json!(["https://as.example/x", "http://127.0.0.1:9000"]);
    assert_eq!(
        servers(resources(written, &changes(true))),
        ["https://as.example/x", "http://127.0.0.1:9000"]
    );
}

/// The rule's audiences replace the provider's own, even for a member that takes all tokens.
#[test]
fn r5_a_rule_may_restrict_the_audience_of_a_provider_that_accepts_any() {
    let restricted = json!({"provider_name": "okta", "audiences": ["https://api.example"]});
    let own = json!([{"resource": "https://api.example"}]);
    let changes = [
        ("providers.okta.audiences", json!(null)),
        ("providers.okta.allow_any_audience", json!(true)),
        (
            "rules.0.requires",
            json!({"requires_all": {"requirements": [
                {"provider_and_audiences": restricted}, {"allow_missing": {}},
            ]}}),
        ),
        ("rules.0.authorize.client_ids", json!(["app"])),
    ];
    let found = resources(own, &changes);
    let issuers = &found[0].metadata.authorization_servers;
    assert_eq!(*issuers, ["https://idp.example"]);
}

#[test]
fn r5_methods_and_bindings_are_those_of_the_providers() {
    for (from, expected) in [
        (json!({}), &["header", "query"][..]),
        (json!({"from_params": ["access_token"]}), &["query"]),
        (json!({"from_params": ["token"]}), &[]),
        (
            json!({"from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}]}),
            &["header"],
        ),
        (json!({"from_cookies": ["session"]}), &[]),
    ] {
        let mut provider = base()["providers"]["okta"].clone();
        let members = from.as_object().unwrap().clone();
        provider.as_object_mut().unwrap().extend(members);
        for (bound, claims) in [
            (true, json!([{"claim": ["cnf", "x5t#S256"]}])),
            (false, json!([{"claim": "cnf"}])),
            (false, json!(null)),
        ] {
            provider["require_claims"] = claims;
            let changes = [("providers.okta", provider.clone())];
            let found = resources(json!([{"resource": "https://api.example"}]), &changes);
            assert_eq!(found[0].metadata.bearer_methods, expected);
            assert_eq!(found[0].metadata.requires_certificate, bound);
        }
    }
}

#[test]
fn reads_every_field_of_a_resource() {
    let found = resources(
        json!([{
            "resource": "https://api.example/orders",
            "authorization_servers": ["https://as.example"],
            "scopes_supported": ["write", "read", "offline_access"],
            "resource_name": "Orders",
            "resource_documentation": "https://docs.example/orders",
            "resource_policy_uri": "https://docs.example/policy",
            "resource_tos_uri": "https://docs.example/terms",
            "challenge_scope": false,
            "allowed_origins": ["https://app.example:443", "http://localhost:8080", "chrome-extension://abc"],
        }]),
        &[],
    );
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        found[0].metadata,
        ResourceMetadata {
            authorization_servers: vec!["https://as.example".to_owned()],
            // The scopes are sorted, and `offline_access` is left out because it grants no access
            // to a resource.
            scopes_supported: vec!["read".to_owned(), "write".to_owned()],
            bearer_methods: vec!["header", "query"],
            requires_certificate: false,
            name: text("Orders"),
            documentation: text("https://docs.example/orders"),
            policy_uri: text("https://docs.example/policy"),
            tos_uri: text("https://docs.example/terms"),
        }
    );
    assert!(!found[0].challenge_scope && found[0].owns_host);
    for (origin, expected) in [
        ("https://app.example", true),
        ("HTTPS://APP.example", true),
        ("http://localhost:8080", true),
        ("chrome-extension://abc", true),
        ("https://app.example:8443", false),
        ("http://app.example", false),
        ("https://evil.example", false),
        ("https://app.example,https://evil.example", false),
        ("null", false),
        ("", false),
    ] {
        assert_eq!(
            found[0].allows_origin(origin.as_bytes()),
            expected,
            "{origin}"
        );
    }
    let none = resources(
        json!([{"resource": "https://api.example", "allowed_origins": []}]),
        &[],
    );
    assert!(!none[0].allows_origin(b"https://app.example"));
    let any = resources(json!([{"resource": "https://api.example"}]), &[]);
    assert!(any[0].allows_origin(b"null"));
}

#[test]
fn the_most_specific_resource_comes_first_and_knows_the_others() {
    let found = resources(
        json!([
            {"resource": "https://api.example/"},
            {"resource": "https://api.example/a/b"},
            {"resource": "https://api.example/a"},
            {"resource": "https://other.example/a"},
        ]),
        &[],
    );
    let identifiers: Vec<&str> = found.iter().map(|own| own.url.identifier()).collect();
    assert_eq!(
        identifiers,
        [
            "https://api.example/a/b",
            "https://api.example/a",
            "https://other.example/a",
            "https://api.example/",
        ]
    );
    let alone: Vec<bool> = found.iter().map(|own| own.owns_host).collect();
    assert_eq!(alone, [false, false, true, false]);
    assert_eq!(
        found[0].other_identifiers,
        [
            "https://api.example/",
            "https://api.example/a",
            "https://other.example/a"
        ]
    );
}

#[test]
fn calls_of_older_revisions_are_refused_unless_they_may_satisfy_all_rules() {
    let rule = |name: &str, provider: &str| {
        json!({"match": {"path": "/mcp", "mcp": {"names": [name]}},
            "requires": {"provider_name": provider}, "authorize": {"scopes": {"all_of": [name]}}})
    };
    // All rules that have `mcp` and require a token must have the same requirement. Other rules may
    // differ.
    let rules = json!([
        {"match": {"path": "/mcp", "mcp": {"methods": ["server/discover"]}}},
        rule("a", "okta"),
        rule("b", "okta"),
        {"match": {"path": "/mcp"}, "requires": {"provider_and_audiences": {
            "provider_name": "okta", "audiences": ["other"]}}},
    ]);
    for (mcp, expected) in [
        (json!(null), McpLegacy::Deny),
        (json!({}), McpLegacy::Deny),
        (json!({"legacy": "deny"}), McpLegacy::Deny),
        (json!({"legacy": "union"}), McpLegacy::Union),
    ] {
        let own = json!([{"resource": "https://api.example/mcp", "mcp": mcp}]);
        let found = resources(own, &[("rules", rules.clone())]);
        assert_eq!(found[0].mcp_legacy, expected, "{mcp}");
    }
}
