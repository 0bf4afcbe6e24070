//! Tests of fields that are `null`. In YAML, a field without a value is `null`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{at, base, base_with, parse};
use crate::config::{Fault, schema};

/// Applies `changes` to [`base`], and sets the value at `path` to `null`. Returns the location of
/// the resulting error.
fn refusal(changes: &[(&str, Value)], path: &str) -> String {
    let mut document = base_with(changes);
    *at(&mut document, path) = json!(null);
    let error = parse(&document).map(drop).expect_err(path);
    assert_eq!(*error.reason(), Fault::Null, "{path}: {error}");
    error.location().to_string()
}

#[test]
fn null_counts_as_absent_where_that_is_harmless() {
    let mut document = base();
    for path in [
        "realm",
        "limits",
        "mode",
        "unmatched",
        "providers.okta.forward",
        "providers.okta.allow_any_audience",
        "providers.okta.require_expiration",
        "providers.okta.local_jwks",
        "rules.0.requires.allow_missing",
    ] {
        *at(&mut document, path) = json!(null);
    }
    let read = format!("{:?}", parse(&document).unwrap());
    assert_eq!(read, format!("{:?}", parse(&base()).unwrap()));
}

/// An empty field must not let more requests pass. If an empty `requires:` counted as absent, every
/// request would pass.
#[test]
fn null_is_refused_where_more_requests_would_pass_without_the_field() {
    let authorize = ("rules.0.authorize", json!({"roles": {"any_of": ["a"]}}));
    let own_claim = ("providers.okta.require_claims.0.claim", json!("a"));
    for (changes, path, location) in [
        (&[][..], "rules.0.requires", "rules[0].requires"),
        (&[], "rules.0.requirementName", "rules[0].requirementName"),
        (&[], "rules.0.authorize", "rules[0].authorize"),
        (
            &[authorize],
            "rules.0.authorize.scopes",
            "rules[0].authorize.scopes",
        ),
        (&[], "rules.0.match.methods", "rules[0].match.methods"),
        (
            &[("rules.0.match.headers.0.name", json!("x-a"))],
            "rules.0.match.headers.0.exact_match",
            "rules[0].match.headers[0].exact_match",
        ),
        (&[], "rules", "rules"),
        (&[], "protected_resources", "protected_resources"),
        (&[], "providers.okta.issuer", "providers.okta.issuer"),
        (&[], "providers.okta.audiences", "providers.okta.audiences"),
        (
            &[],
            "providers.okta.maxLifetime",
            "providers.okta.maxLifetime",
        ),
        // Without one of these three fields, a client can forge the headers that the field names.
        (
            &[],
            "providers.okta.claim_to_headers",
            "providers.okta.claim_to_headers",
        ),
        (
            &[],
            "providers.okta.forwardPayloadHeader",
            "providers.okta.forwardPayloadHeader",
        ),
        (
            &[],
            "providers.okta.identity_header",
            "providers.okta.identity_header",
        ),
        (&[], "client_certificate", "client_certificate"),
        (
            &[],
            "client_certificate.source",
            "client_certificate.source",
        ),
        (
            &[],
            "providers.okta.structured_scopes",
            "providers.okta.structured_scopes",
        ),
        // If no `from_*` field is set, tokens are also read from the query.
        (
            &[],
            "providers.okta.from_headers",
            "providers.okta.from_headers",
        ),
        (
            &[],
            "providers.okta.fromParams",
            "providers.okta.fromParams",
        ),
        (
            &[],
            "providers.okta.from_cookies",
            "providers.okta.from_cookies",
        ),
        // Without `role_claims`, the preset's default claim grants roles.
        (
            &[],
            "providers.okta.role_claims",
            "providers.okta.role_claims",
        ),
        // Without one of these three fields, its default applies. The default may be longer than
        // the operator intended.
        (
            &[],
            "providers.okta.clock_skew_seconds",
            "providers.okta.clock_skew_seconds",
        ),
        (
            &[],
            "providers.okta.remote_jwks.max_stale",
            "providers.okta.remote_jwks.max_stale",
        ),
        (
            &[],
            "providers.okta.remote_jwks.cacheDuration",
            "providers.okta.remote_jwks.cacheDuration",
        ),
        (
            &[own_claim],
            "providers.okta.require_claims.0.any_of",
            "providers.okta.require_claims[0].any_of",
        ),
        (
            &[("providers.okta.revoked.client_ids", json!(["a"]))],
            "providers.okta.revoked.jti",
            "providers.okta.revoked.jti",
        ),
    ] {
        assert_eq!(refusal(changes, path), location);
    }
    let mut document = base();
    document["rules"][0]["requires"] = json!(null);
    assert_eq!(
        parse(&document).unwrap_err().to_string(),
        "rules[0].requires: empty (null); write a value, or remove the field (without the \
         field, more requests may pass)"
    );
}

/// The default of `source` is `connection`, so an empty `client_certificate` is valid.
#[test]
fn an_empty_client_certificate_means_the_connection() {
    let document = base_with(&[("client_certificate", json!({}))]);
    let config = parse(&document).unwrap_or_else(|error| panic!("{error}"));
    assert!(config.client_certificate.is_none());
}

/// A separate type, `RawClientProvider`, parses the fields of providers whose clients present
/// secrets.
#[test]
fn null_is_refused_for_clients_with_secrets_too() {
    let clients = json!({"clients": {"job": {"secret_hashes": [super::SECRET_HASH]}}});
    let mut document = base_with(&[("providers.okta", json!({"client_secrets": clients}))]);
    document["providers"]["okta"]["remote_jwks"] = json!(null);
    parse(&document).unwrap_or_else(|error| panic!("{error}"));
    for (path, location) in [
        ("providers.okta.enabled", "providers.okta.enabled"),
        ("providers.okta.audiences", "providers.okta.audiences"),
        (
            "providers.okta.client_secrets.clients.job.expires_at",
            "providers.okta.client_secrets.clients.job.expires_at",
        ),
    ] {
        let mut document = document.clone();
        *at(&mut document, path) = json!(null);
        let error = parse(&document).unwrap_err();
        assert_eq!(*error.reason(), Fault::Null, "{path}: {error}");
        assert_eq!(error.location().to_string(), location);
    }
}

/// The optional fields that accept `null`, by object. Every other optional field must be declared
/// with `!null`. Add a new field here if leaving it out cannot let more requests pass. This holds
/// if the default is the strictest value or a safe one, if leaving the field out makes another
/// field mandatory, or if the field only says where something is read from or written to. But do
/// not add a field that names a header to write: Portcullis removes the client's own header of that
/// name only if the field is set. Without the field, a client can forge the header.
const HARMLESS: &[(&str, &str)] = &[
    ("AsyncFetch", "failed_refetch_duration fast_listener"),
    ("BackOff", "max_interval"),
    ("Cache", "disabled jwt_cache_size jwt_max_token_size"),
    ("ClaimHeader", "claim_name claim_path"),
    ("Client", "roles scopes"),
    ("ClientCertificate", "forward trusted_hops trusted_peers"),
    (
        "Config",
        "bypass_cors_preflight limits metadata_namespace mode path_policy \
         providers realm requirement_map route_policies scope_implies signature_backend \
         stat_prefix status strip_failure_response unmatched",
    ),
    ("DataSource", "inline_bytes inline_string"),
    (
        "Discovery",
        "async_fetch jwks_cluster retry_policy timeout unknown_kid_answer unknown_kid_cooldown",
    ),
    ("ExtractOnly", "verification_status_header"),
    ("FilterStateRules", "requires"),
    ("JwtHeader", "value_prefix"),
    (
        "Limits",
        "header_value_bytes jwks_bytes jwks_keys park_timeout parked_requests path_bytes \
         token_bytes",
    ),
    ("McpClients", "legacy"),
    ("McpMatch", "any"),
    ("NormalizePayload", "space_delimited_claims"),
    (
        "ProtectedResource",
        "authorization_servers challenge_scope mcp resource_documentation resource_name \
         resource_policy_uri resource_tos_uri scopes_supported",
    ),
    (
        "Provider",
        "allow_any_audience allow_any_issuer allow_any_tenant allow_future_iat \
         clear_route_cache client_id_claims client_secrets description discovery \
         failed_status_in_metadata forward \
         header_in_metadata identity_in_metadata jwk_algorithm jwt_cache_config local_jwks \
         normalize_payload_in_metadata pad_forward_payload_header payload_in_metadata \
         public_keys remote_jwks require_expiration scope_claims shared_secrets \
         trust_domain",
    ),
    ("Re2", "max_program_size"),
    ("Regex", "google_re2"),
    (
        "RemoteJwks",
        "async_fetch retry_policy unknown_kid_answer unknown_kid_cooldown",
    ),
    (
        "Requirement",
        "allow_missing allow_missing_or_failed extract_only_without_validation",
    ),
    ("RetryPolicy", "num_retries retry_back_off retry_on"),
    ("Status", "base_url unprotected"),
    ("StructuredScopes", "role where"),
    (
        "TrustedPeers",
        "dns_sans peers_validated_by_listener sha256 subjects uri_sans",
    ),
];

#[test]
fn every_optional_field_that_accepts_null_is_listed() {
    let schema = schema();
    let mut accepting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (object, declared) in schema["$defs"].as_object().unwrap() {
        for (name, field) in declared["properties"].as_object().unwrap() {
            let has_null = |keyword: &str| {
                let listed = field[keyword].as_array();
                listed.is_some_and(|all| all.iter().any(|one| one.is_null() || one == "null"))
            };
            // A reference without `type` also accepts `null`.
            let is_optional_object = field.get("$ref").is_some() && field.get("type").is_none();
            if has_null("type") || has_null("enum") || is_optional_object {
                accepting.entry(object).or_default().push(name);
            }
        }
    }
    let listed: BTreeMap<&str, Vec<&str>> = HARMLESS
        .iter()
        .map(|(object, names)| (*object, names.split(' ').collect()))
        .collect();
    assert_eq!(accepting, listed);
}
