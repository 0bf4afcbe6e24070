//! Tests of accepted providers, and of the keys of providers.

use core::time::Duration;
use std::sync::Arc;

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{
    config::tests::{
        ED25519_KEY, ED25519_PEM, SECRET, base, base_with, key_set, oct_key, parse, provider, trust,
    },
    decision::StateKey,
    http::HeaderName,
    jose::{Algorithm, ClaimPath, KeyOrigin, VerifyingKey},
    keys::{JwksLocation, RetryPolicy},
    policy::HeaderPlace,
    verification::{Issuer, TokenTypes},
};

#[test]
fn splits_an_issuer_at_its_placeholders() {
    let provider = provider(&[
        ("issuer", json!("https://login.example/{tid}/v2.0{x}")),
        ("allow_any_tenant", json!(true)),
    ]);
    let Issuer::Template(template) = &trust(&provider).issuer else {
        panic!("no template")
    };
    assert!(template.claims().eq(["tid", "x"]));
    assert!(
        template
            .literals()
            .eq(["https://login.example/", "/v2.0", ""])
    );
}

#[test]
fn reads_claims_as_names_or_as_lists_of_segments() {
    let provider = provider(&[
        (
            "scope_claims",
            json!(["https://ns.example/scope", ["a", "b.c"]]),
        ),
        ("role_claims", json!([])),
        (
            "claim_to_headers",
            json!([
                {"header_name": "X-One", "claim_name": "a.b"},
                {"header_name": "x-two", "claim_path": ["a.b"]},
            ]),
        ),
    ]);
    let nested = |segments: &[&str]| {
        ClaimPath::from_segments(segments.iter().map(|segment| (*segment).to_owned())).unwrap()
    };
    let top = ClaimPath::top_level("https://ns.example/scope");
    assert_eq!(provider.scope_claims, [top, nested(&["a", "b.c"])]);
    assert!(provider.role_claims.is_empty());
    let headers: Vec<_> = provider
        .claim_headers
        .iter()
        .map(|header| (header.name.as_str(), &header.claim))
        .collect();
    assert_eq!(
        headers,
        [
            ("x-one", &nested(&["a", "b"])),
            ("x-two", &nested(&["a.b"]))
        ]
    );
}

#[test]
fn token_types_are_lower_case_and_without_application_prefix() {
    let types = |written: Value| {
        let provider = provider(&[("token_types", written)]);
        trust(&provider).token_types.clone()
    };
    let names = vec!["at+jwt".to_owned()];
    assert_eq!(
        types(json!(["application/AT+JWT"])),
        TokenTypes::OneOf {
            names: names.clone(),
            absent: false
        }
    );
    assert_eq!(
        types(json!(["at+jwt", ""])),
        TokenTypes::OneOf {
            names,
            absent: true
        }
    );
    assert_eq!(types(json!(["", "*"])), TokenTypes::Any);
}

#[test]
fn reads_places_of_tokens() {
    let places = provider(&[
        (
            "from_headers",
            json!([
                {"name": "Authorization", "value_prefix": "Bearer "},
                {"name": "Authorization", "value_prefix": "Token "},
                {"name": "X-Token"},
            ]),
        ),
        ("from_cookies", json!(["session"])),
    ])
    .places;
    let prefixed = |name: &str, prefix: &str| HeaderPlace::Prefixed {
        name: HeaderName::parse(name).unwrap(),
        prefix: prefix.to_owned(),
    };
    assert_eq!(
        places.headers,
        [
            HeaderPlace::Bearer,
            prefixed("authorization", "Token "),
            prefixed("x-token", "")
        ]
    );
    assert!(
        places.params.is_empty(),
        "written places replace the standard ones"
    );
    assert_eq!(places.cookies, ["session"]);
}

/// A search for credentials takes time proportional to the length of the query, so places that
/// several providers read must not be searched again for each of them.
#[test]
fn providers_with_equal_places_share_them() {
    let mut document = base();
    let mut cookie = document["providers"]["okta"].clone();
    cookie["from_cookies"] = json!(["session"]);
    let same = document["providers"]["okta"].clone();
    document["providers"] = json!({"a": same, "b": cookie, "c": same, "d": cookie});
    document["rules"] = json!([]);
    let config = parse(&document).unwrap();
    let cookies = config.places.iter().map(|places| places.cookies.len());
    assert_eq!(cookies.collect::<Vec<_>>(), [0, 1]);
    for (provider, place) in config.providers.iter().zip([0, 1, 0, 1]) {
        assert!(Arc::ptr_eq(&provider.places, &config.places[place]));
    }
}

#[test]
fn lists_every_header_that_it_may_set() {
    let config = parse(&base_with(&[
        ("providers.okta.forward_payload_header", json!("X-Payload")),
        (
            "providers.okta.claim_to_headers",
            json!([{"header_name": "x-sub", "claim_name": "sub"}]),
        ),
        ("providers.other", {
            let mut other = base()["providers"]["okta"].clone();
            other["claim_to_headers"] = json!([{"header_name": "X-Sub", "claim_name": "sub"}]);
            other
        }),
    ]))
    .unwrap();
    let owned: Vec<_> = config
        .owned_headers
        .iter()
        .map(HeaderName::as_str)
        .collect();
    assert_eq!(owned, ["x-payload", "x-sub"]);
}

#[test]
fn lists_every_header_that_marks_claims_as_unverified() {
    let extraction = |header: &str| json!({"extract_only_without_validation": {"verification_status_header": header}});
    let nested = json!({"requires_any": {"requirements": [
        {"provider_name": "okta"}, extraction("x-nested"),
    ]}});
    let config = parse(&base_with(&[
        ("rules.0.requires", nested),
        ("requirement_map.a", extraction("")),
        ("requirement_map.b", extraction("-")),
        (
            "filter_state_rules",
            json!({"name": "n", "requires": {"v": extraction("X-State")}}),
        ),
    ]))
    .unwrap();
    let names: Vec<&str> = config
        .owned_headers
        .iter()
        .map(HeaderName::as_str)
        .collect();
    assert_eq!(names, ["x-jwt-signature-verified", "x-nested", "x-state"]);
}

#[test]
fn filter_state_keys_begin_with_portcullis() {
    let provider = provider(&[
        ("payload_in_metadata", json!("https://idp.example/")),
        ("header_in_metadata", json!("")),
        (
            "normalize_payload_in_metadata",
            json!({"space_delimited_claims": ["scope"]}),
        ),
    ]);
    let keys: Vec<&str> = provider.exports.keys().map(StateKey::as_str).collect();
    assert_eq!(keys, ["portcullis.https://idp.example/"]);
    assert_eq!(provider.exports.space_delimited_claims, ["scope"]);
}

#[test]
fn reads_local_keys_in_every_form() {
    let keys = key_set(&[ED25519_KEY]);
    let encoded = "eyJrZXlzIjpbeyJrdHkiOiJPS1AiLCJjcnYiOiJFZDI1NTE5IiwieCI6IjExcVlBWUt4Q3JmVlNfN1R5V1FIT2c3aGN2UGFwaU1scndJYWFQY0hVUm8ifV19";
    for source in [
        json!({"inline_string": keys}),
        json!({"inlineBytes": encoded}),
    ] {
        let provider = provider(&[("remote_jwks", json!(null)), ("local_jwks", source)]);
        let Some(keys) = provider.local_keys() else {
            panic!("not local")
        };
        assert_eq!(keys.keys().len(), 1);
    }
}

#[test]
fn reads_one_public_key_from_each_block() {
    let provider = provider(&[
        ("remote_jwks", json!(null)),
        (
            "public_keys.pem",
            json!([ED25519_PEM, ED25519_PEM.repeat(2)]),
        ),
    ]);
    let Some(keys) = provider.local_keys() else {
        panic!("not local")
    };
    let from_jwk = VerifyingKey::from_jwk_json(ED25519_KEY.as_bytes(), KeyOrigin::Local);
    let expected = from_jwk.unwrap().thumbprint();
    let found: Vec<_> = keys.keys().iter().map(|key| key.thumbprint()).collect();
    assert_eq!(found, [expected; 3]);
    assert_eq!(trust(&provider).algorithms, Algorithm::ASYMMETRIC);
}

#[test]
fn local_keys_may_be_secrets_if_an_hmac_algorithm_is_allowed() {
    let provider = provider(&[
        ("remote_jwks", json!(null)),
        (
            "local_jwks.inline_string",
            json!(key_set(&[ED25519_KEY, &oct_key()])),
        ),
        ("algorithms", json!(["HS256", "Ed25519", "EdDSA"])),
    ]);
    assert_eq!(
        trust(&provider).algorithms,
        [Algorithm::EdDsa, Algorithm::Hs256]
    );
    let shared = crate::config::tests::provider(&[
        ("remote_jwks", json!(null)),
        (
            "shared_secrets",
            json!([{"kid": "a", "secret": SECRET}, {"secret": SECRET}]),
        ),
    ]);
    let Some(keys) = shared.local_keys() else {
        panic!("not local")
    };
    let kids: Vec<_> = keys.keys().iter().map(|key| key.kid()).collect();
    assert_eq!(kids, [Some("a"), None]);
}

#[test]
fn splits_the_uri_of_a_key_set() {
    for (uri, authority, path) in [
        ("https://idp.example", "idp.example", "/"),
        ("HTTP://idp_1:8080/a/b?c=/d", "idp_1:8080", "/a/b?c=/d"),
        ("https://[::1]:443?x", "[::1]:443", "/?x"),
        ("https://[2001:db8::1]/k", "[2001:db8::1]", "/k"),
    ] {
        let provider = provider(&[("remote_jwks.http_uri.uri", json!(uri))]);
        let Some(remote) = provider.remote_keys() else {
            panic!("not fetched")
        };
        let JwksLocation::Configured(endpoint) = &remote.location else {
            panic!("not configured")
        };
        assert_eq!(
            (endpoint.authority.as_str(), endpoint.path.as_str()),
            (authority, path),
            "{uri}"
        );
    }
}

#[test]
fn derives_the_metadata_uris_from_the_issuer() {
    for (issuer, openid, oauth) in [
        (
            "https://idp.example",
            "https://idp.example/.well-known/openid-configuration",
            "https://idp.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://idp.example/",
            "https://idp.example/.well-known/openid-configuration",
            "https://idp.example/.well-known/oauth-authorization-server",
        ),
        (
            "https://idp.example:8443/oauth2/default",
            "https://idp.example:8443/oauth2/default/.well-known/openid-configuration",
            "https://idp.example:8443/.well-known/oauth-authorization-server/oauth2/default",
        ),
        (
            "https://login.example/{tid}/v2.0",
            "https://login.example/common/v2.0/.well-known/openid-configuration",
            "https://login.example/.well-known/oauth-authorization-server/common/v2.0",
        ),
    ] {
        let provider = provider(&[
            ("remote_jwks", json!(null)),
            ("discovery", json!({"cluster": "idp"})),
            ("issuer", json!(issuer)),
            ("allow_any_tenant", json!(issuer.contains('{'))),
        ]);
        let Some(remote) = provider.remote_keys() else {
            panic!("not fetched")
        };
        let JwksLocation::Discovered(discovery) = &remote.location else {
            panic!("not discovered")
        };
        let places = discovery.metadata.iter();
        let uris: Vec<_> = places.map(|place| place.uri.as_str()).collect();
        assert_eq!(uris, [openid, oauth]);
        assert_eq!(
            (discovery.issuer.as_str(), discovery.jwks_cluster.as_str()),
            (issuer, "idp")
        );
        assert_eq!(
            (remote.timeout, remote.cache_duration),
            (Duration::from_secs(5), None)
        );
    }
}

#[test]
fn reads_the_intervals_between_retries() {
    for (async_fetch, retry_policy, base, max) in [
        (json!({}), json!({"num_retries": 1}), 1000, 10_000),
        (
            json!({"failed_refetch_duration": "2s"}),
            json!(null),
            2000,
            20_000,
        ),
        (
            json!({}),
            json!({"retry_back_off": {"base_interval": "0.5s"}}),
            500,
            5000,
        ),
        (
            json!({"failed_refetch_duration": "2s"}),
            json!({"retry_back_off": {"base_interval": "3s", "max_interval": "4s"}}),
            3000,
            4000,
        ),
    ] {
        let provider = provider(&[
            ("remote_jwks.async_fetch", async_fetch),
            ("remote_jwks.retry_policy", retry_policy),
        ]);
        let Some(remote) = provider.remote_keys() else {
            panic!("not fetched")
        };
        let [base, max] = [base, max].map(Duration::from_millis);
        assert_eq!(remote.retry, RetryPolicy { base, max });
    }
}
