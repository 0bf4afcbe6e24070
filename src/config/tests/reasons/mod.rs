//! Tests of every reason to reject a configuration. The tests also check the location and the
//! remedy that each error states.

mod certificate;
mod clients;
mod keys;
mod providers;
mod resources;
mod rules;
mod scopes;
mod status;

use std::collections::BTreeSet;

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{base_with, parse};
use crate::config::Fault;

/// Changes to the base configuration, and the text of the error that they cause.
type Refusal<'a> = (Vec<(&'a str, Value)>, &'a str);

/// Asserts the text of each error, and returns the names of the faults.
fn check(prefix: &str, refusals: Vec<Refusal<'_>>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for (changes, text) in refusals {
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(path, value)| (format!("{prefix}{path}"), value))
            .collect();
        let changes: Vec<_> = changes
            .iter()
            .map(|(path, value)| (path.as_str(), value.clone()))
            .collect();
        let Err(error) = parse(&base_with(&changes)) else {
            panic!("accepted: {changes:?}")
        };
        assert_eq!(error.to_string(), format!("{prefix}{text}"), "{changes:?}");
        assert!(!error.reason().remedy().is_empty());
        seen.insert(variant(error.reason()));
    }
    seen
}

/// Does the same as [`check`] for fields of the provider `okta`.
fn okta(refusals: Vec<Refusal<'_>>) -> BTreeSet<String> {
    check("providers.okta.", refusals)
}

fn variant(reason: &Fault) -> String {
    let debug = format!("{reason:?}");
    debug
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

#[test]
fn there_is_a_test_for_every_reason() {
    let mut seen = top();
    seen.extend(rules::matches());
    seen.extend(rules::requirements());
    seen.extend(providers::providers());
    seen.extend(providers::headers());
    seen.extend(scopes::scopes());
    seen.extend(scopes::identities());
    seen.extend(scopes::revoked());
    seen.extend(keys::fetched());
    seen.extend(rules::mcp());
    seen.extend(keys::written());
    seen.extend(clients::clients());
    seen.extend(certificate::certificate());
    seen.extend(status::status());
    seen.extend(resources::resources());
    let all = [
        "AnyAudienceBelow",
        "AsymmetricSecret",
        "AuthorizeWithoutRequires",
        "BadRegex",
        "CertificateHeader",
        "Contradiction",
        "Empty",
        "EmptyRange",
        "HeaderName",
        "InexactNumber",
        "IssuerTemplate",
        "Keys",
        "MissingField",
        "MixedRequirements",
        "NoAudiences",
        "NoAuthorizationServer",
        "NoCertificateHeader",
        "NoElements",
        "NoIssuer",
        "NoPlaceholder",
        "NoServingKey",
        "NoSpiffe",
        "NoSuchPlaceholder",
        "NoSvidAlgorithm",
        "NoSvidKey",
        "NoTokens",
        "NotAvailable",
        "NotBase64",
        "NotDiscoverable",
        "NotExactlyOne",
        "OpenResource",
        "OtherSpelling",
        "OutOfBounds",
        "Pem",
        "ProviderName",
        "Repeated",
        "ReservedHeader",
        "ScopeCycle",
        "SecretHash",
        "SharedMemoryKey",
        "SpeltTwice",
        "SymmetricAlgorithm",
        "TokenHeader",
        "TooDeep",
        "TooFew",
        "TooLong",
        "UnconstrainedPlaceholder",
        "UnknownField",
        "UnknownProvider",
        "UnknownRequirement",
        "UnknownValue",
        "UnprotectedStatus",
        "UnreachablePath",
        "Unreadable",
        "UnsetPlaceholder",
        "UnvalidatedPeers",
        "UnverifiedClaims",
        "WrongForm",
        "WrongType",
    ];
    // `all` does not contain `Fault::Json`, which reports input that is not valid JSON, nor
    // `Fault::RoutePolicyForm`, which only the policy of a route can have. They have their own
    // tests.
    assert_eq!(seen, all.into_iter().map(str::to_owned).collect());
}

fn top() -> BTreeSet<String> {
    check(
        "",
        vec![
            (
                vec![("zzz", json!(1))],
                r#"configuration: unknown field "zzz"; use one of these fields: "bypass_cors_preflight", "client_certificate", "filter_state_rules", "limits", "metadata_namespace", "mode", "path_policy", "policy_id", "protected_resources", "providers", "realm", "requirement_map", "route_policies", "rules", "scope_implies", "shared_memory_key", "signature_backend", "stat_prefix", "status", "strip_failure_response", "unmatched""#,
            ),
            (
                vec![("rules.0.match.grpc", json!({}))],
                r#"rules[0].match: "grpc" is not available in this version of Portcullis; match the header "content-type" in "headers""#,
            ),
            (
                vec![
                    ("path_policy", json!("raw")),
                    ("rules.0.match.mcp", json!({"any": true})),
                ],
                r#"rules[0].match: "mcp" contradicts "path_policy"; keep one of the two fields"#,
            ),
            (
                vec![
                    ("requirement_map", json!({})),
                    ("requirementMap", json!({})),
                ],
                r#"configuration: "requirement_map" occurs in both of its spellings (snake_case and lowerCamelCase); keep only one of the two"#,
            ),
            (
                vec![("mode", json!("audit"))],
                r#"mode: unknown value "audit"; use one of these values: "enforce", "shadow""#,
            ),
            (
                vec![("filter_state_rules", json!({"name": "tenant"}))],
                r#"filter_state_rules: missing field "requires"; add "requires""#,
            ),
            (
                vec![(
                    "filter_state_rules",
                    json!({"name": "", "requires": {"a": {"allow_missing": {}}}}),
                )],
                "filter_state_rules.name: empty; write a value, or remove the entry if it is optional",
            ),
            (
                vec![(
                    "filter_state_rules",
                    json!({"name": "tenant", "requires": {"a": {"provider_name": "b"}}}),
                )],
                r#"filter_state_rules.requires.a.provider_name: unknown provider "b"; add the provider to "providers", or correct the name"#,
            ),
            (vec![("mode", json!(1))], "mode: expected a string, found 1"),
            (
                vec![("signature_backend", json!("envoy"))],
                r#"signature_backend: unknown value "envoy"; use one of these values: "auto", "host", "module""#,
            ),
            (
                vec![("policy_id", json!(""))],
                "policy_id: empty; write a value, or remove the entry if it is optional",
            ),
            (
                vec![("policy_id", json!("x".repeat(129)))],
                "policy_id: longer than 128 characters; shorten the value",
            ),
            (
                vec![("metadata_namespace", json!(""))],
                "metadata_namespace: empty; write a value, or remove the entry if it is optional",
            ),
            (
                vec![("metadata_namespace", json!("x".repeat(129)))],
                "metadata_namespace: longer than 128 characters; shorten the value",
            ),
            (
                vec![("route_policies", json!("no"))],
                r#"route_policies: unknown value "no"; use one of these values: "off", "on""#,
            ),
            (
                vec![("shared_memory_key", json!("A".repeat(42)))],
                "shared_memory_key: not base64url of at least 32 octets; make a key with `openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`",
            ),
            (
                vec![("shared_memory_key", json!("A".repeat(43) + "="))],
                "shared_memory_key: not base64url of at least 32 octets; make a key with `openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`",
            ),
            (
                vec![("shared_memory_key", json!([1, 2]))],
                "shared_memory_key: not base64url of at least 32 octets; make a key with `openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`",
            ),
            (
                vec![("realm", json!("a\"b"))],
                r#"realm: expected printable ASCII characters other than quotes and backslashes, found "a\"b""#,
            ),
            (
                vec![("realm", json!(""))],
                "realm: empty; write a value, or remove the entry if it is optional",
            ),
            (
                vec![("realm", json!("x".repeat(65)))],
                "realm: longer than 64 characters; shorten the value",
            ),
            (
                vec![("stat_prefix", json!("a b"))],
                r#"stat_prefix: expected letters, digits, "_", "." and "-", found "a b""#,
            ),
            (
                vec![("limits.token_bytes", json!(0))],
                "limits.token_bytes: not between 1 and 1048576 bytes; choose a value in this range",
            ),
            (
                vec![("limits.park_timeout", json!("61s"))],
                "limits.park_timeout: not between 1 and 60000 milliseconds; choose a value in this range",
            ),
        ],
    )
}
