//! Tests of the reasons to reject structured scopes, identity headers and revocations.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{check, okta};

/// Returns a change that sets `structured_scopes` to this template and these values.
fn structured(template: &str, fixed: &Value) -> Vec<(&'static str, Value)> {
    vec![(
        "structured_scopes",
        json!({"template": template, "where": fixed}),
    )]
}

pub(super) fn scopes() -> BTreeSet<String> {
    let form = "structured_scopes.template: expected a scope without spaces that has names in braces, such as {cloud}::{org}::{role}, found ";
    let value = "expected printable ASCII without spaces, quotes, backslashes or the separators of \"template\", found ";
    let odd: Vec<(&str, String)> = [
        "{org",
        "org}",
        "{}::{role}",
        "{org}:: {role}",
        "{org}\u{ff1a}{role}",
    ]
    .into_iter()
    .map(|template| (template, format!("{form}{template:?}")))
    .collect();
    let values: Vec<(&str, String)> = ["a::b", "a b", ":", "a:", "\u{435}", "a\"", "a\n"]
        .into_iter()
        .map(|org| (org, format!("structured_scopes.where.org: {value}{org:?}")))
        .collect();
    let mut refusals = vec![
        (
            structured("{cloud}::{org}", &json!({"cloud": "a", "org": "b"})),
            r#"structured_scopes.role: the template has no placeholder {role}; add the placeholder to "template", or use one that "template" has"#,
        ),
        (
            structured("{cloud}::{org}::{role}", &json!({"cloud": "a"})),
            r#"structured_scopes.where: scopes with any value for {org} would be accepted; write the accepted value into "where""#,
        ),
        (
            vec![("structured_scopes", json!({"template": "{org}::{role}"}))],
            r#"structured_scopes.where: scopes with any value for {org} would be accepted; write the accepted value into "where""#,
        ),
        (
            structured("{org}::{role}", &json!({"org": "a", "orgs": "b"})),
            r#"structured_scopes.where.orgs: the template has no placeholder {orgs}; add the placeholder to "template", or use one that "template" has"#,
        ),
        (
            structured("{org}::{role}", &json!({"org": "a", "role": "b"})),
            r#"structured_scopes.role: expected a placeholder that has no value in "where", found "role""#,
        ),
        (
            structured("{org}{role}", &json!({"org": "a"})),
            r#"structured_scopes.template: expected text between any two placeholders, found "{org}{role}""#,
        ),
        (
            structured("{role}::{role}", &json!({})),
            r#"structured_scopes.template: "{role}" occurs twice; remove one of the two"#,
        ),
        (
            structured("{org}::{role}", &json!({"org": ""})),
            "structured_scopes.where.org: empty; write a value, or remove the entry if it is optional",
        ),
        (
            structured("{org}::{role}", &json!({"org": 7})),
            "structured_scopes.where.org: expected a string, found 7",
        ),
        (
            vec![("structured_scopes", json!({"role": "r"}))],
            r#"structured_scopes: missing field "template"; add "template""#,
        ),
    ];
    let beside_claims = vec![
        (
            "providers.okta.structured_scopes",
            json!({"template": "{role}"}),
        ),
        ("providers.okta.role_claims", json!([])),
    ];
    let mut seen = check(
        "",
        vec![(
            beside_claims,
            r#"providers.okta: "role_claims" contradicts "structured_scopes"; keep one of the two fields"#,
        )],
    );
    let org = |org: &str| structured("{org}::{role}", &json!({ "org": org }));
    refusals.extend(
        odd.iter()
            .map(|(template, text)| (structured(template, &json!({"org": "a"})), text.as_str())),
    );
    refusals.extend(
        values
            .iter()
            .map(|(value, text)| (org(value), text.as_str())),
    );
    seen.extend(okta(refusals));
    seen
}

pub(super) fn identities() -> BTreeSet<String> {
    let header = |name: &str, template: &str| {
        let written = json!({"header_name": name, "template": template});
        vec![("identity_header", written)]
    };
    let form = "identity_header.template: expected one line with names in braces, such as oauth-{role}$@{org}.{cloud}, found ";
    let odd: Vec<(&str, String)> = [
        "",
        "constant",
        "{a",
        "{}",
        "{a}\n",
        " {a}",
        "{a}\u{7f}",
        "\u{feff}{a}",
    ]
    .into_iter()
    .map(|template| (template, format!("{form}\"{}\"", template.escape_debug())))
    .collect();
    let mut refusals = vec![
        (
            header("Host", "{sub}"),
            "identity_header.header_name: Portcullis must not set this header; choose another header",
        ),
        (
            header("authorization", "{sub}"),
            r#"identity_header.header_name: tokens of the provider "okta" are read from this header; choose another header"#,
        ),
        (
            header("a b", "{sub}"),
            "identity_header.header_name: a header name may contain only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 section 5.6.2); rename the header",
        ),
        (
            header("x-user", "{sub}{org}"),
            r#"identity_header.template: expected text between any two placeholders, found "{sub}{org}""#,
        ),
        (
            [
                header("x-user", "{sub}"),
                vec![("forward_payload_header", json!("X_User"))],
            ]
            .concat(),
            r#"identity_header.header_name: "x-user" occurs twice; remove one of the two"#,
        ),
        (
            [
                header("x_user", "{sub}"),
                vec![(
                    "claim_to_headers",
                    json!([{"header_name": "x-user", "claim_name": "sub"}]),
                )],
            ]
            .concat(),
            r#"claim_to_headers[0].header_name: "x-user" occurs twice; remove one of the two"#,
        ),
        (
            [
                header("x-user", "{sub}"),
                vec![
                    ("identity_in_metadata", json!("a")),
                    ("payload_in_metadata", json!("a")),
                ],
            ]
            .concat(),
            r#"identity_in_metadata: "portcullis.a" occurs twice; remove one of the two"#,
        ),
    ];
    refusals.extend(
        odd.iter()
            .map(|(template, text)| (header("x-user", template), text.as_str())),
    );
    let mut seen = okta(refusals);
    let joined = |requires: Value| {
        let written = json!({"header_name": "x-user", "template": "{sub}"});
        vec![
            ("providers.okta.identity_header", written),
            ("rules.0.requires", requires),
        ]
    };
    let extract = json!({"extract_only_without_validation": {}});
    let both = json!({"requires_any": {"requirements": [{"provider_name": "okta"}, extract]}});
    let text = r#"rules[0].requires: "extract_only_without_validation" contradicts "identity_header"; keep one of the two fields"#;
    seen.extend(check(
        "",
        vec![
            (joined(extract.clone()), text),
            (joined(both), text),
            (
                vec![("providers.okta.identity_in_metadata", json!("a"))],
                r#"providers.okta: missing field "identity_header"; add "identity_header""#,
            ),
            (
                vec![
                    joined(json!({"provider_name": "okta"})).swap_remove(0),
                    ("requirement_map.lax", extract),
                ],
                r#"requirement_map.lax: "extract_only_without_validation" contradicts "identity_header"; keep one of the two fields"#,
            ),
        ],
    ));
    seen
}

pub(super) fn revoked() -> BTreeSet<String> {
    okta(vec![
        (
            vec![("revoked", json!({"jti": ["a", ""]}))],
            "revoked.jti[1]: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("revoked", json!({"client_ids": [""]}))],
            "revoked.client_ids[0]: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("revoked", json!({"client_ids": "a"}))],
            r#"revoked.client_ids: expected a list, found string "a""#,
        ),
        (
            vec![(
                "revoked",
                json!({"issued_before": {"s": 1_700_000_000_000_u64}}),
            )],
            "revoked.issued_before.s: not between 0 and 253402300799 seconds; choose a value in this range",
        ),
        (
            vec![("revoked", json!({"issued_before": {"s": "2026-11-22"}}))],
            r#"revoked.issued_before.s: expected an unsigned integer, found string "2026-11-22""#,
        ),
        (
            vec![("revoked", json!({"sub": ["a"]}))],
            r#"revoked: unknown field "sub"; use one of these fields: "client_ids", "issued_before", "jti""#,
        ),
    ])
}
