//! Tests of the reasons to reject protected resources.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check;

/// Checks the reasons to reject `protected_resources`, and returns the names of the faults.
pub(super) fn resources() -> BTreeSet<String> {
    let with = |field: &'static str, value: Value| {
        vec![
            (
                "protected_resources.0.resource",
                json!("https://a.example/p"),
            ),
            (field, value),
        ]
    };
    let url = |text: &str| vec![("protected_resources.0.resource", json!(text))];
    let no_issuer = r#"protected_resources[0]: clients cannot find the authorization server, because the issuer of the provider "okta" is not a fixed https URL; set "authorization_servers""#;
    let open = "protected_resources[0]: no rule for this resource requires a token; add a rule with \"requires\" for the resource's path, or remove the resource";
    let any_audience = r#"protected_resources[0]: a rule for this resource would accept tokens of the provider "okta" for any audience; list the accepted audiences in the provider's "audiences""#;
    check(
        "",
        vec![
            (
                vec![("protected_resources", json!([{}]))],
                r#"protected_resources[0]: missing field "resource"; add "resource""#,
            ),
            (
                url("https://a.example/p#x"),
                r#"protected_resources[0].resource: expected an https URL without userinfo, ";", query or fragment (http only for loopback hosts), found "https://a.example/p#x""#,
            ),
            (
                url("http://a.example"),
                r#"protected_resources[0].resource: expected an https URL without userinfo, ";", query or fragment (http only for loopback hosts), found "http://a.example""#,
            ),
            (
                url("https://a.example/p;x"),
                r#"protected_resources[0].resource: expected an https URL without userinfo, ";", query or fragment (http only for loopback hosts), found "https://a.example/p;x""#,
            ),
            (
                url("https://a.example/p%3fx"),
                r#"protected_resources[0].resource: expected an https URL without userinfo, ";", query or fragment (http only for loopback hosts), found "https://a.example/p%3fx""#,
            ),
            (
                url("https://a.example//p"),
                "protected_resources[0].resource: no request can have this path: it has an empty segment; write a single / instead of several",
            ),
            (
                vec![(
                    "protected_resources",
                    json!([{"resource": "https://a.example"}, {"resource": "https://A.example:443/"}]),
                )],
                r#"protected_resources[1].resource: "https://A.example:443/" occurs twice; remove one of the two"#,
            ),
            (
                with("path_policy", json!("raw")),
                r#"configuration: "protected_resources" contradicts "path_policy"; keep one of the two fields"#,
            ),
            (
                with("providers.okta.issuer", json!("http://idp.example")),
                no_issuer,
            ),
            (
                with("providers.okta.issuer", json!("https://idp.example/?t=1")),
                no_issuer,
            ),
            (
                with("providers.okta.issuer", json!("https://idp.example/#t")),
                no_issuer,
            ),
            (
                {
                    let mut changes = with("providers.okta.issuer", json!(null));
                    changes.push(("providers.okta.allow_any_issuer", json!(true)));
                    changes
                },
                no_issuer,
            ),
            (
                {
                    let mut changes =
                        with("providers.okta.issuer", json!("https://idp.example/{tid}"));
                    changes.push(("providers.okta.allow_any_tenant", json!(true)));
                    changes
                },
                no_issuer,
            ),
            (
                {
                    let mut changes = with("providers.okta.audiences", json!(null));
                    changes.push(("providers.okta.allow_any_audience", json!(true)));
                    changes
                },
                any_audience,
            ),
            (with("rules.0.match.prefix", json!("/other")), open),
            (with("rules.0.requires", json!(null)), open),
            (
                with(
                    "rules.0.requires",
                    json!({"requires_any": {"requirements": [
                        {"provider_name": "okta"}, {"allow_missing": {}},
                    ]}}),
                ),
                open,
            ),
            (
                with("protected_resources.0.mcp", json!({"legacy": "allow"})),
                r#"protected_resources[0].mcp.legacy: unknown value "allow"; use one of these values: "deny", "union""#,
            ),
            (
                {
                    let mut changes = with("protected_resources.0.mcp", json!({"legacy": "union"}));
                    changes.push(("rules.0.match.mcp", json!({"any": true})));
                    changes.push((
                        "rules.1",
                        json!({
                            "match": {"prefix": "/", "mcp": {"names": ["a"]}},
                            "requires": {"requires_any": {"requirements": [
                                {"provider_name": "okta"}, {"allow_missing": {}},
                            ]}},
                        }),
                    ));
                    changes
                },
                r#"protected_resources[0].mcp: the rules for MCP calls to this resource require different tokens; give these rules the same "requires", or set "legacy" to "deny""#,
            ),
            (
                with("protected_resources.0.authorization_servers", json!([])),
                "protected_resources[0].authorization_servers: empty; write a value, or remove the entry if it is optional",
            ),
            (
                with(
                    "protected_resources.0.authorization_servers",
                    json!(["https://as.example?x"]),
                ),
                r#"protected_resources[0].authorization_servers[0]: expected an https URL without a query or fragment (http only for loopback hosts), found "https://as.example?x""#,
            ),
            (
                with("protected_resources.0.scopes_supported", json!(["a b"])),
                r#"protected_resources[0].scopes_supported[0]: expected a scope: printable ASCII without spaces, quotes or backslashes, found "a b""#,
            ),
            (
                with("protected_resources.0.allowed_origins", json!(["*"])),
                r#"protected_resources[0].allowed_origins[0]: expected an origin such as https://app.example.com, found "*""#,
            ),
            (
                with(
                    "protected_resources.0.allowed_origins",
                    json!(["https://app.example/"]),
                ),
                r#"protected_resources[0].allowed_origins[0]: expected an origin such as https://app.example.com, found "https://app.example/""#,
            ),
            (
                vec![("scope_implies", json!({"a": ["b"], "b": ["c"], "c": ["a"]}))],
                r#"scope_implies: the scope "a" includes itself; remove one of the entries that lead from the scope back to itself"#,
            ),
            (
                vec![("scope_implies", json!({"a": []}))],
                "scope_implies.a: empty; write a value, or remove the entry if it is optional",
            ),
            (
                vec![("scope_implies", json!({"a": ["b c"]}))],
                r#"scope_implies.a: expected a scope: printable ASCII without spaces, quotes or backslashes, found "b c""#,
            ),
            (
                vec![("rules.0.authorize.authentication", json!({}))],
                "rules[0].authorize.authentication: empty; write a value, or remove the entry if it is optional",
            ),
            (
                vec![(
                    "rules.0.authorize.authentication.acr_values",
                    json!(["a b"]),
                )],
                r#"rules[0].authorize.authentication.acr_values[0]: expected printable ASCII without spaces, quotes or backslashes, found "a b""#,
            ),
            (
                vec![("rules.0.authorize.authentication.max_age", json!("0.5s"))],
                r#"rules[0].authorize.authentication.max_age: expected a whole number of seconds, such as 300s, found "500ms""#,
            ),
            (
                with("protected_resources.0.resource_name", json!("")),
                "protected_resources[0].resource_name: empty; write a value, or remove the entry if it is optional",
            ),
            (
                with("protected_resources.0.resource_tos_uri", json!("terms")),
                r#"protected_resources[0].resource_tos_uri: expected a URL that begins with https:// or http://, found "terms""#,
            ),
        ],
    )
}
