//! What is accepted, and what it becomes.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{ED25519_KEY, SECRET, base, base_with, key_set, oct_key, parse, provider};
use crate::{
    config::{
        Audiences, Config, Issuer, KeySource, Mode, PathPolicy, ProviderId, RetryPolicy,
        TokenTypes, Unmatched,
    },
    jose::{Algorithm, ClaimPath},
    policy::{
        Authorization, HeaderCondition, HeaderName, HeaderPlace, PathMatch, QueryCondition,
        Requirement, RouteMatch, WordSet,
    },
    request::Request,
};

fn route(written: Value) -> RouteMatch {
    let mut config =
        parse(&base_with(&[("rules.0.match", written)])).unwrap_or_else(|error| panic!("{error}"));
    config.rules.remove(0).route
}

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
        }],
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
        all + &word[..1].to_uppercase() + &word[1..]
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
        (config.limits.token_bytes, config.limits.jwks_keys),
        (4096, 8)
    );
    assert_eq!(config.providers[0].times.clock_skew, 60);
    assert_eq!(
        config.providers[0].require_claims[0].any_of,
        Some(vec![json!(1), json!(1.5)])
    );
}

#[test]
fn reads_the_choices_of_the_whole() {
    let config = parse(&base_with(&[
        ("mode", json!("shadow")),
        ("path_policy", json!("raw")),
        ("unmatched", json!("allow")),
        ("signature_backend", json!("module")),
        ("stat_prefix", json!("edge.")),
        ("realm", json!("orders api")),
        ("limits.park_timeout", json!("0.25s")),
    ]))
    .unwrap();
    assert_eq!(config.mode, Mode::Shadow);
    assert_eq!(config.path_policy, PathPolicy::Raw);
    assert_eq!(config.unmatched, Unmatched::Allow);
    assert_eq!(config.stat_prefix, "edge");
    assert_eq!(config.realm, "orders api");
    assert_eq!(config.limits.park_timeout_ms, 250);
}

#[test]
fn splits_an_issuer_at_its_placeholders() {
    let provider = provider(&[
        ("issuer", json!("https://login.example/{tid}/v2.0{x}")),
        ("allow_any_tenant", json!(true)),
    ]);
    let Issuer::Template(template) = provider.issuer else {
        panic!("no template")
    };
    assert_eq!(template.head, "https://login.example/");
    assert_eq!(
        template.tail,
        [("tid".into(), "/v2.0".into()), ("x".into(), String::new())]
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
fn folds_token_types() {
    let types = |written: Value| provider(&[("token_types", written)]).token_types;
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

#[test]
fn owns_every_header_that_it_may_set() {
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
fn reads_written_keys_in_every_form() {
    let keys = key_set(&[ED25519_KEY]);
    let encoded = "eyJrZXlzIjpbeyJrdHkiOiJPS1AiLCJjcnYiOiJFZDI1NTE5IiwieCI6IjExcVlBWUt4Q3JmVlNfN1R5V1FIT2c3aGN2UGFwaU1scndJYWFQY0hVUm8ifV19";
    for source in [
        json!({"inline_string": keys}),
        json!({"inlineBytes": encoded}),
    ] {
        let provider = provider(&[("remote_jwks", json!(null)), ("local_jwks", source)]);
        let KeySource::Local(keys) = provider.keys else {
            panic!("not local")
        };
        assert_eq!(keys.keys().len(), 1);
    }
}

#[test]
fn secrets_among_local_keys_serve_where_algorithms_name_them() {
    let provider = provider(&[
        ("remote_jwks", json!(null)),
        (
            "local_jwks.inline_string",
            json!(key_set(&[ED25519_KEY, &oct_key()])),
        ),
        ("algorithms", json!(["HS256", "Ed25519", "EdDSA"])),
    ]);
    assert_eq!(provider.algorithms, [Algorithm::EdDsa, Algorithm::Hs256]);
    let shared = super::provider(&[
        ("remote_jwks", json!(null)),
        (
            "shared_secrets",
            json!([{"kid": "a", "secret": SECRET}, {"secret": SECRET}]),
        ),
    ]);
    let KeySource::Local(keys) = shared.keys else {
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
        let KeySource::Remote(remote) = provider.keys else {
            panic!("not fetched")
        };
        assert_eq!(
            (remote.authority.as_str(), remote.path.as_str()),
            (authority, path),
            "{uri}"
        );
    }
}

#[test]
fn backs_off_as_told() {
    for (async_fetch, retry_policy, base_ms, max_ms) in [
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
        let KeySource::Remote(remote) = provider.keys else {
            panic!("not fetched")
        };
        assert_eq!(remote.retry, RetryPolicy { base_ms, max_ms });
    }
}

#[test]
fn reads_every_kind_of_path() {
    let is = |path: PathMatch, kind: &str| assert_eq!(format!("{path:?}"), kind);
    is(route(json!({"prefix": ""})).path, r#"Prefix("")"#);
    is(route(json!({"path": "/a"})).path, r#"Exact("/a")"#);
    is(route(json!({"path": "*"})).path, r#"Exact("*")"#);
    is(
        route(json!({"path_separated_prefix": "/a"})).path,
        r#"SegmentPrefix("/a")"#,
    );
    is(route(json!({"connect_matcher": {}})).path, "Connect");
    let PathMatch::Regex(regex) = route(json!({"safe_regex": {"regex": "/a|/b"}})).path else {
        panic!("no expression")
    };
    assert!(regex.is_match("/b") && !regex.is_match("/b/c"));
}

#[test]
fn reads_every_kind_of_header_condition() {
    let matches = |matcher: Value, headers: &[(&str, &str)]| {
        let route = route(json!({"prefix": "/", "headers": [matcher]}));
        let headers = [
            (":path", "/"),
            (":method", "GET"),
            (":authority", "a.example"),
        ]
        .iter()
        .chain(headers)
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
        let request = Request::new(headers);
        let target = request
            .target()
            .map(|raw| crate::policy::path::Target::new(str::from_utf8(raw).unwrap()));
        route.matches(&request, target)
    };
    for (matcher, value, expected) in [
        (json!({"exact_match": "ab"}), "ab", true),
        (json!({"exact_match": "ab"}), "abc", false),
        (json!({"prefix_match": "ab"}), "abc", true),
        (json!({"suffix_match": "bc"}), "abc", true),
        (json!({"contains_match": "b"}), "abc", true),
        (
            json!({"contains_match": "d", "invert_match": true}),
            "abc",
            true,
        ),
        (json!({"safe_regex_match": {"regex": "a.c"}}), "abc", true),
        (
            json!({"string_match": {"exact": "ABC", "ignore_case": true}}),
            "abc",
            true,
        ),
        (json!({"string_match": {"exact": "ABC"}}), "abc", false),
        (
            json!({"range_match": {"start": "-1", "end": 7.0}}),
            "6",
            true,
        ),
        (
            json!({"range_match": {"start": "-1", "end": 7.0}}),
            "7",
            false,
        ),
        (json!({"present_match": true}), "x", true),
        (json!({"present_match": false}), "x", false),
        (json!({}), "x", true),
    ] {
        let mut named = matcher.clone();
        named["name"] = json!("X-Env");
        assert_eq!(
            matches(named, &[("x-env", value)]),
            expected,
            "{matcher} {value}"
        );
    }
    assert!(matches(
        json!({"name": ":method", "exact_match": "GET"}),
        &[]
    ));
    assert!(matches(
        json!({"name": "Host", "exact_match": "a.example"}),
        &[]
    ));
    assert!(matches(json!({"name": "x", "present_match": false}), &[]));
    let empty = json!({"name": "x", "string_match": {"exact": ""}});
    assert!(!matches(empty.clone(), &[]));
    let mut lenient = empty;
    lenient["treat_missing_header_as_empty"] = json!(true);
    assert!(matches(lenient, &[]));
    let conditions = route(json!({"prefix": "/", "headers": [{"name": "x"}]})).headers;
    assert!(matches!(conditions[0].condition, HeaderCondition::Present));
}

#[test]
fn reads_methods_and_query_parameters() {
    let route = route(json!({
        "prefix": "/",
        "methods": ["GET", "PURGE"],
        "query_parameters": [
            {"name": "a"},
            {"name": "b", "present_match": false},
            {"name": "c", "string_match": {"prefix": "x"}},
        ],
    }));
    assert_eq!(route.methods, ["GET", "PURGE"]);
    let kinds: Vec<_> = route
        .query_parameters
        .iter()
        .map(|query| &query.condition)
        .collect();
    assert!(matches!(
        kinds[..],
        [
            QueryCondition::Present,
            QueryCondition::Absent,
            QueryCondition::Text(_)
        ]
    ));
}

#[test]
fn resolves_providers_and_named_requirements() {
    let other = base()["providers"]["okta"].clone();
    let config = parse(&base_with(&[
        ("providers.azure", other),
        ("requirement_map.staff", json!({"provider_name": "okta"})),
        ("rules.0.requires", json!(null)),
        ("rules.0.requirement_name", json!("staff")),
        ("rules.1.match.prefix", json!("/")),
        (
            "rules.1.requires",
            json!({"requires_all": {"requirements": [
                {"provider_and_audiences": {"provider_name": "azure", "audiences": ["b"]}},
                {"requires_any": {"requirements": [
                    {"allow_missing": {}},
                    {"allow_missing_or_failed": {}},
                ]}},
            ]}}),
        ),
    ]))
    .unwrap();
    let names: Vec<_> = config
        .providers()
        .map(|(_, provider)| provider.name.as_str())
        .collect();
    assert_eq!(names, ["azure", "okta"]);
    let of = |index, audiences| Requirement::Provider {
        provider: ProviderId::new(index),
        audiences,
    };
    assert_eq!(config.rules[0].requirement, Some(of(1, None)));
    let expected = Requirement::All(vec![
        of(0, Some(Audiences::AnyOf(vec!["b".into()]))),
        Requirement::Any(vec![
            Requirement::AllowMissing,
            Requirement::AllowMissingOrFailed,
        ]),
    ]);
    assert_eq!(config.rules[1].requirement, Some(expected));
}

#[test]
fn reads_authorization() {
    let config = parse(&base_with(&[(
        "rules.0.authorize",
        json!({
            "scopes": {"all_of": ["read:orders"]},
            "roles": {"any_of": ["Order Admin"]},
            "claims": [{"claim": ["org", "id"], "any_of": ["o1", 7, true]}],
            "client_ids": ["c1"],
        }),
    )]))
    .unwrap();
    let expected = Authorization {
        scopes: Some(WordSet::AllOf(vec!["read:orders".into()])),
        roles: vec!["Order Admin".into()],
        claims: vec![(
            ClaimPath::from_segments(["org".to_owned(), "id".to_owned()]).unwrap(),
            vec![json!("o1"), json!(7), json!(true)],
        )],
        client_ids: vec!["c1".into()],
    };
    assert_eq!(config.rules[0].authorization, Some(expected));
}
