//! Tests of accepted configurations, and of the values that result from parsing them.

mod providers;
mod resources;
mod rules;

use core::time::Duration;

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{base, base_with, parse, trust};
use crate::{
    config::Config,
    policy::{Mode, PathPolicy, RouteLookup, StatusPath, Unmatched},
    verification::SignatureBackend,
};

#[test]
fn reads_the_lower_camel_case_of_protobuf_json() {
    let snake = json!({
        "providers": {"p": {
            "issuer": "i", "audiences": ["a"],
            "remote_jwks": {
                "http_uri": {"uri": "https://h/k", "cluster": "c", "timeout": "1s"},
                "cache_duration": "60s",
                "async_fetch": {"fast_listener": true, "failed_refetch_duration": "2s"},
                "retry_policy": {
                    "num_retries": 3, "retry_on": "5xx",
                    "retry_back_off": {"base_interval": "3s", "max_interval": "9s"},
                },
            },
            "require_expiration": true, "max_lifetime": "60s", "clock_skew_seconds": 5,
            "from_headers": [{"name": "x-t", "value_prefix": "T "}],
            "from_params": ["t"], "from_cookies": ["t"],
            "forward_payload_header": "x-p", "pad_forward_payload_header": true,
            "claim_to_headers": [{"header_name": "x-s", "claim_name": "sub"}],
            "jwt_cache_config": {"jwt_cache_size": 5, "jwt_max_token_size": 6},
            "payload_in_metadata": "p", "header_in_metadata": "h",
            "failed_status_in_metadata": "f", "clear_route_cache": true,
            "normalize_payload_in_metadata": {"space_delimited_claims": ["scope"]},
            "subjects": {"safe_regex": {"google_re2": {}, "regex": "a"}, "ignore_case": true},
        }},
        "rules": [{
            "match": {
                "path_separated_prefix": "/a", "case_sensitive": false,
                "headers": [
                    {"name": "a", "safe_regex_match": {"regex": "a"}, "invert_match": true},
                    {"name": "a", "string_match": {"exact": "a"}},
                    {"name": "a", "treat_missing_header_as_empty": true},
                ],
                "query_parameters": [{"name": "q", "present_match": true}],
            },
            "requires": {"requires_any": {"requirements": [
                {"provider_name": "p"},
                {"provider_and_audiences": {"provider_name": "p", "audiences": ["b"]}},
                {"allow_missing_or_failed": {}},
            ]}},
        }, {
            "match": {"connect_matcher": {}}, "requirement_name": "r",
        }, {
            "match": {"prefix": "/"}, "requires": {"extract_only_without_validation":
                {"verification_status_header": "x-v"}},
        }],
        "filter_state_rules": {"name": "n", "requires": {"r": {"allow_missing": {}}}},
        "requirement_map": {"r": {"requires_all": {"requirements": [
            {"allow_missing": {}}, {"allow_missing": {}},
        ]}}},
        "bypass_cors_preflight": true, "strip_failure_response": true, "stat_prefix": "s",
    });
    let camel = camel_case(&snake);
    assert_ne!(camel, snake);
    let written = |document: &Value| format!("{:?}", parse(document).unwrap());
    assert_eq!(written(&camel), written(&snake));
}

fn camel_case(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(camel_case).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (camel(name), camel_case(value)))
            .collect(),
        other => other.clone(),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |all, word| {
        let (initial, rest) = word.split_at(1);
        all + &initial.to_uppercase() + rest
    })
}

#[test]
fn whole_doubles_are_integers() {
    let text = base().to_string().replacen(
        r#""issuer""#,
        r#""clock_skew_seconds":6.0e1,"require_claims":[{"claim":"v","any_of":[1.0,1.5]}],"issuer""#,
        1,
    );
    let text = text.replacen(
        '{',
        r#"{"limits":{"token_bytes":4096.0,"jwks_keys":-0.0e0},"#,
        1,
    );
    let refused = Config::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(
        refused.starts_with("limits.jwks_keys: not between"),
        "{refused}"
    );
    let config = Config::parse(text.replace("-0.0e0", "8.0").as_bytes()).unwrap();
    assert_eq!(
        (config.limits.token_bytes, config.limits.key_sets.keys),
        (4096, 8)
    );
    assert_eq!(
        trust(&config.providers[0]).times.clock_skew,
        Duration::from_secs(60)
    );
    assert_eq!(
        trust(&config.providers[0]).require_claims[0].any_of,
        Some(vec![json!(1), json!(1.5)])
    );
}

#[test]
fn reads_the_choices_at_the_top_level() {
    let config = parse(&base_with(&[
        ("mode", json!("shadow")),
        ("path_policy", json!("raw")),
        ("unmatched", json!("allow")),
        ("route_policies", json!("off")),
        ("policy_id", json!("orders API")),
        ("metadata_namespace", json!("envoy.filters.http.jwt_authn")),
        ("signature_backend", json!("module")),
        ("stat_prefix", json!("edge.")),
        ("realm", json!("orders api")),
        ("limits.park_timeout", json!("0.25s")),
    ]))
    .unwrap();
    assert_eq!(config.mode, Mode::Shadow);
    assert_eq!(config.path_policy, PathPolicy::Raw);
    assert_eq!(config.unmatched, Unmatched::Allow);
    assert_eq!(config.route_lookup, RouteLookup::Sampled);
    assert_eq!(config.policy_id.as_deref(), Some("orders API"));
    let namespace = config.metadata_namespace.as_deref();
    assert_eq!(namespace, Some("envoy.filters.http.jwt_authn"));
    assert_eq!(config.signature_backend, SignatureBackend::Module);
    assert_eq!(config.stat_prefix, "edge");
    assert_eq!(config.realm, "orders api");
    assert_eq!(config.limits.park_timeout, Duration::from_millis(250));
}

/// `route_policies` may be a boolean because Envoy's YAML reader turns an unquoted `off` into
/// `false`.
#[test]
fn reads_a_switch_as_text_or_boolean() {
    for (written, lookup) in [
        (json!(false), RouteLookup::Sampled),
        (json!("off"), RouteLookup::Sampled),
        (json!(true), RouteLookup::Always),
        (json!("on"), RouteLookup::Always),
        (json!(null), RouteLookup::Always),
    ] {
        let config = parse(&base_with(&[("route_policies", written.clone())])).unwrap();
        assert_eq!(config.route_lookup, lookup, "{written}");
    }
}

#[test]
fn reads_access_to_the_status_page() {
    let status = |status: Value| parse(&base_with(&[("status", status)])).unwrap().status;
    assert_eq!(
        status(
            json!({"path": "/status", "unprotected": true, "base_url": "https://api.example/v1"})
        ),
        Some(StatusPath {
            path: "/status".into(),
            demand: None,
            base_url: Some("https://api.example/v1".into()),
        })
    );
    let guarded = status(json!({
        "path": "/status", "requires": {"allow_missing": {}}, "authorize": {"client_ids": ["ops"]},
    }))
    .unwrap();
    assert!(guarded.demand.unwrap().authorization().is_some());
    assert_eq!(status(json!(null)), None);
}
