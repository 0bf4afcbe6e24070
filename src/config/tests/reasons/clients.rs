//! Tests of the reasons to reject clients with secrets.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{check, okta};
use crate::config::tests::{SECRET_HASH, base};

/// Returns the fields of a provider with one client. The client's `field` has the value `value`.
fn with(field: &str, value: Value) -> Vec<(&'static str, Value)> {
    let mut client = json!({"secret_hashes": [SECRET_HASH]});
    client[field] = value;
    of(json!({"clients": {"job": client}}))
}

fn of(secrets: Value) -> Vec<(&'static str, Value)> {
    vec![
        ("remote_jwks", json!(null)),
        ("issuer", json!(null)),
        ("audiences", json!(null)),
        ("client_secrets", secrets),
    ]
}

pub(super) fn clients() -> BTreeSet<String> {
    let named = |id: &str| of(json!({"clients": {id: {"secret_hashes": [SECRET_HASH]}}}));
    let mut seen = okta(vec![
        (
            of(json!({})),
            r#"client_secrets: missing field "clients"; add "clients""#,
        ),
        (
            of(json!({"clients": {}})),
            "client_secrets.clients: empty; write a value, or remove the entry if it is optional",
        ),
        (
            of(json!({"clients": {"job": {}}})),
            r#"client_secrets.clients.job: missing field "secret_hashes"; add "secret_hashes""#,
        ),
        (
            with("secret", json!("x")),
            r#"client_secrets.clients.job: unknown field "secret", did you mean "secret_hashes"?"#,
        ),
        (
            with("secret_hashes", json!([])),
            "client_secrets.clients.job.secret_hashes: not between 1 and 2 hashes; choose a value in this range",
        ),
        (
            with(
                "secret_hashes",
                json!([SECRET_HASH, SECRET_HASH, SECRET_HASH]),
            ),
            "client_secrets.clients.job.secret_hashes: not between 1 and 2 hashes; choose a value in this range",
        ),
        (
            with(
                "secret_hashes",
                json!([SECRET_HASH, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"]),
            ),
            "client_secrets.clients.job.secret_hashes[1]: not the hash of a secret; write the \"hash\" that `portcullis client-secret` prints",
        ),
        (
            with("scopes", json!(["a b"])),
            r#"client_secrets.clients.job.scopes[0]: expected a scope: printable ASCII without spaces, quotes or backslashes, found "a b""#,
        ),
        (
            with("scopes", json!(["a", "a"])),
            r#"client_secrets.clients.job.scopes[1]: "a" occurs twice; remove one of the two"#,
        ),
        (
            with("roles", json!(["a b"])),
            r#"client_secrets.clients.job.roles[0]: expected a role without spaces or control characters, found "a b""#,
        ),
        (
            with("expires_at", json!("2027-02-29T00:00:00Z")),
            r#"client_secrets.clients.job.expires_at: expected a time such as "2027-01-31T00:00:00Z", or seconds since 1970, found a string"#,
        ),
        (
            with("expires_at", json!(-1)),
            r#"client_secrets.clients.job.expires_at: expected a time such as "2027-01-31T00:00:00Z", or seconds since 1970, found -1"#,
        ),
        (
            named("a:b"),
            r#"client_secrets.clients.a: expected a client's identifier: printable ASCII without spaces, ":" or "%", found "a:""#,
        ),
        (
            named("a%41"),
            r#"client_secrets.clients["a%41"]: expected a client's identifier: printable ASCII without spaces, ":" or "%", found "a%41""#,
        ),
        (
            named(""),
            r#"client_secrets.clients[""]: expected a client's identifier: printable ASCII without spaces, ":" or "%", found """#,
        ),
    ]);
    let secrets = json!({"clients": {"job": {"secret_hashes": [SECRET_HASH]}}});
    let both = vec![
        ("providers.okta.issuer", json!(null)),
        ("providers.okta.audiences", json!(null)),
        ("providers.okta.client_secrets", secrets),
    ];
    seen.extend(check(
        "",
        vec![(
            both,
            r#"providers.okta.remote_jwks: clients of a provider with "client_secrets" send no tokens; remove this field, or use a key source other than "client_secrets""#,
        )],
    ));
    let rule = json!({"provider_and_audiences": {"provider_name": "okta", "audiences": ["b"]}});
    let mut changes: Vec<(String, Value)> = with("enabled", json!(true))
        .into_iter()
        .map(|(field, value)| (format!("providers.okta.{field}"), value))
        .collect();
    changes.push(("rules.0.requires".to_owned(), rule));
    let changes = changes
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()));
    seen.extend(check(
        "",
        vec![(
            changes.collect(),
            r#"rules[0].requires.provider_and_audiences.audiences: clients of a provider with "client_secrets" send no tokens; remove this field, or use a key source other than "client_secrets""#,
        )],
    ));
    seen
}

/// Fields that only concern tokens are rejected, because they would look like conditions on clients
/// but would have no effect.
#[test]
fn refuses_fields_about_tokens_next_to_client_secrets() {
    let about_tokens = json!({
        "algorithms": ["RS256"],
        "allow_any_audience": true,
        "allow_any_issuer": true,
        "allow_any_tenant": true,
        "allow_future_iat": true,
        "audiences": ["orders"],
        "client_id_claims": ["azp"],
        "client_ids": ["job"],
        "clock_skew_seconds": 1,
        "forward_payload_header": "x-payload",
        "from_cookies": ["session"],
        "from_headers": [{"name": "x-secret"}],
        "from_params": ["secret"],
        "header_in_metadata": "header",
        "issuer": "https://idp.example",
        "jwk_algorithm": "exact",
        "jwt_cache_config": {},
        "key_issuer": "ignore",
        "max_issued_lifetime": "60s",
        "max_lifetime": "60s",
        "pad_forward_payload_header": true,
        "require_claims": [{"claim": "sub"}],
        "require_expiration": false,
        "role_claims": ["groups"],
        "scope_claims": ["scp"],
        "subjects": {"exact": "job"},
        "token_types": ["JWT"],
    });
    let about_clients = json!({
        "claim_to_headers": [{"header_name": "x-client", "claim_name": "client_id"}],
        "clear_route_cache": true,
        "description": "jobs",
        "enabled": true,
        "failed_status_in_metadata": "failure",
        "forward": true,
        "normalize_payload_in_metadata": {"space_delimited_claims": ["scope"]},
        "payload_in_metadata": "client",
    });
    let parse = |field: &str, value: &Value| {
        let mut document = base();
        document["providers"]["okta"] = json!({
            "client_secrets": {"clients": {"job": {"secret_hashes": [SECRET_HASH]}}},
            field: value,
        });
        crate::config::tests::parse(&document)
    };
    for (field, value) in about_tokens.as_object().unwrap() {
        assert_eq!(
            parse(field, value).unwrap_err().to_string(),
            format!(
                "providers.okta.{field}: clients of a provider with \"client_secrets\" send no \
                 tokens; remove this field, or use a key source other than \"client_secrets\""
            )
        );
    }
    for (field, value) in about_clients.as_object().unwrap() {
        let refused = parse(field, value).err();
        assert_eq!(refused, None, "{field}");
    }
}
