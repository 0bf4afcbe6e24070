//! Tests of the default values of a configuration and of a provider.

use core::time::Duration;

use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{all_warnings, base, parse, provider, trust};
use crate::{
    config::Limits,
    decision::Exports,
    jose::{Algorithm, ClaimPath, JwkAlgorithm, KeySetLimits},
    keys::{Endpoint, JwksLocation, RemoteKeys, RetryPolicy, UnknownKidAnswer},
    policy::{Audiences, Case, Mode, PathPolicy, Places, RouteLookup, Unmatched},
    token_cache::CacheLimits,
    verification::{Issuer, KeyIssuer, TimeRules, TokenTypes},
};

#[test]
fn whole_configuration_is_strict_by_default() {
    let config = parse(&json!({})).unwrap();
    assert!(config.providers.is_empty() && config.rules.is_empty());
    assert_eq!(config.unmatched, Unmatched::Deny);
    assert_eq!(config.path_policy, PathPolicy::Reject);
    assert_eq!(config.route_lookup, RouteLookup::Always);
    assert_eq!(config.policy_id, None);
    assert_eq!(config.metadata_namespace, None);
    assert_eq!(config.mode, Mode::Enforce);
    assert_eq!(config.realm, "api");
    assert_eq!(config.stat_prefix, "");
    assert!(!config.bypass_cors_preflight && !config.strip_failure_response);
    assert!(config.owned_headers.is_empty());
    assert_eq!(
        all_warnings(&config),
        ["rules: there are no rules, so every request is denied; add rules"]
    );
    let limits = Limits {
        token_bytes: 8192,
        key_sets: KeySetLimits {
            bytes: 262_144,
            keys: 64,
        },
        parked_requests: 256,
        park_timeout: Duration::from_secs(5),
        header_value_bytes: 8192,
        path_bytes: 8192,
    };
    assert_eq!(config.limits, limits);
}

#[test]
fn provider_is_strict_by_default() {
    let provider = provider(&[]);
    let claims = |names: &[&str]| {
        names
            .iter()
            .map(|name| ClaimPath::top_level(*name))
            .collect::<Vec<_>>()
    };
    assert_eq!(provider.name, "okta");
    assert_eq!(provider.description, "");
    assert!(trust(&provider).enabled && !provider.forward);
    assert_eq!(
        trust(&provider).issuer,
        Issuer::Exact("https://idp.example".into())
    );
    assert_eq!(
        trust(&provider).audiences,
        Audiences::AnyOf(vec!["api".into()])
    );
    assert!(trust(&provider).subjects.is_none() && trust(&provider).client_ids.is_empty());
    assert_eq!(
        trust(&provider).client_id_claims,
        claims(&["client_id", "cid", "azp", "appid"])
    );
    assert_eq!(provider.scope_claims, claims(&["scope", "scp"]));
    assert_eq!(provider.role_claims, claims(&["roles"]));
    assert_eq!(trust(&provider).algorithms, Algorithm::ASYMMETRIC);
    assert_eq!(trust(&provider).key_issuer, KeyIssuer::Ignore);
    assert_eq!(trust(&provider).jwk_algorithm, JwkAlgorithm::Exact);
    let names = vec!["at+jwt".into(), "jwt".into()];
    assert_eq!(
        trust(&provider).token_types,
        TokenTypes::OneOf {
            names,
            absent: true
        }
    );
    assert!(trust(&provider).require_claims.is_empty());
    let times = TimeRules {
        clock_skew: Duration::from_secs(60),
        require_expiration: true,
        allow_future_iat: false,
        max_lifetime: None,
        max_issued_lifetime: None,
    };
    assert_eq!(trust(&provider).times, times);
    assert_eq!(*provider.places, Places::standard());
    assert!(provider.payload_header.is_none() && provider.claim_headers.is_empty());
    let cache = CacheLimits {
        entries: 1000,
        token_bytes: 4096,
    };
    assert_eq!(provider.cache, Some(cache));
    assert_eq!(provider.exports, Exports::default());
    assert!(!provider.clear_route_cache);
}

#[test]
fn fetched_keys_follow_cache_control_and_serve_an_hour_longer() {
    let provider = provider(&[]);
    let Some(remote) = provider.remote_keys() else {
        panic!("not fetched")
    };
    let expected = RemoteKeys {
        location: JwksLocation::Configured(Endpoint {
            uri: "https://idp.example/keys".into(),
            scheme: "https",
            authority: "idp.example".into(),
            path: "/keys".into(),
            cluster: "idp".into(),
        }),
        timeout: Duration::from_secs(5),
        cache_duration: None,
        max_stale: Duration::from_secs(3600),
        unknown_kid_cooldown: Duration::from_secs(30),
        unknown_kid_answer: UnknownKidAnswer::Invalid,
        retry: RetryPolicy {
            base: Duration::from_secs(1),
            max: Duration::from_secs(10),
        },
    };
    assert_eq!(*remote, expected);
}

#[test]
fn shared_secrets_serve_every_hmac_algorithm() {
    let provider = provider(&[
        ("remote_jwks", json!(null)),
        ("shared_secrets", json!([{"secret": super::SECRET}])),
    ]);
    assert_eq!(
        trust(&provider).algorithms,
        [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]
    );
}

#[test]
fn path_is_case_sensitive_and_rule_requires_nothing_by_default() {
    let mut document = base();
    document["rules"] = json!([{"match": {"prefix": "/"}}]);
    let rules = parse(&document).unwrap().rules;
    let route = &rules[0].route;
    assert!(route.case == Case::Sensitive && route.methods.is_empty());
    assert!(route.headers.is_empty() && route.query_parameters.is_empty());
    assert!(rules[0].demand.is_none());
}
