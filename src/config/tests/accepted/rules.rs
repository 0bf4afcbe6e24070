//! Tests of accepted rules.

use core::time::Duration;

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{
    config::tests::{base, base_with, parse},
    http::{Request, path::Target},
    jose::ClaimPath,
    policy::{
        Audiences, Authentication, Authorization, Comparison, HeaderCondition, PathMatch,
        ProviderId, QueryCondition, Requirement, RouteMatch, WordSet,
        mcp::{McpMatch, McpParam},
    },
    tests::header_bytes,
};

fn route(written: Value) -> RouteMatch {
    let config =
        parse(&base_with(&[("rules.0.match", written)])).unwrap_or_else(|error| panic!("{error}"));
    config.rules[0].route.clone()
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
fn accepts_paths_in_any_spelling_if_the_policy_is_raw() {
    for path in ["//a", "/a/../b", "/my docs", "/a%2fb", "/100%", "/caf%e9"] {
        let rule = json!({"match": {"path": path}});
        let rules = json!([rule]);
        let raw = [("rules", rules.clone()), ("path_policy", json!("raw"))];
        assert!(parse(&base_with(&raw)).is_ok(), "{path}");
        assert!(parse(&base_with(&[("rules", rules)])).is_err(), "{path}");
    }
}

#[test]
fn reads_every_kind_of_header_condition() {
    let matches = |matcher: Value, headers: &[(&str, &str)]| {
        let route = route(json!({"prefix": "/", "headers": [matcher]}));
        let own = [
            (":path", "/"),
            (":method", "GET"),
            (":authority", "a.example"),
        ];
        let headers = [&own[..], headers].concat();
        let request = Request::new(header_bytes(&headers));
        let target = request
            .target()
            .map(|raw| Target::new(str::from_utf8(raw).unwrap()));
        route
            .matches(&request, target, None, &Comparison::strict())
            .unwrap()
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
fn reads_conditions_on_mcp_calls() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let param = |header: &str, values: &[&str]| McpParam {
        header: header.to_owned(),
        values: words(values),
    };
    for (written, expected) in [
        (json!({"any": true}), McpMatch::default()),
        (
            json!({"any": false, "methods": ["tools/call"], "names": ["a b", "c,d"],
                "params": {"Region": ["eu", "us"], "tenant-1": [" x "]}}),
            McpMatch {
                methods: words(&["tools/call"]),
                names: words(&["a b", "c,d"]),
                params: vec![
                    param("mcp-param-region", &["eu", "us"]),
                    param("mcp-param-tenant-1", &[" x "]),
                ],
            },
        ),
    ] {
        for methods in [json!(null), json!(["POST"])] {
            let route = route(json!({"path": "/mcp", "methods": methods, "mcp": written}));
            assert_eq!(route.mcp, Some(expected.clone()), "{written}");
            assert_eq!(route.methods, ["POST"]);
        }
    }
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
    assert_eq!(config.rules[0].requirement(), Some(&of(1, None)));
    let expected = Requirement::All(vec![
        of(0, Some(Audiences::AnyOf(vec!["b".into()]))),
        Requirement::Any(vec![
            Requirement::AllowMissing,
            Requirement::AllowMissingOrFailed,
        ]),
    ]);
    assert_eq!(config.rules[1].requirement(), Some(&expected));
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
            "authentication": {"acr_values": ["phr", "urn:x:y"], "max_age": "300s"},
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
        authentication: Some(Authentication {
            acr_values: vec!["phr".into(), "urn:x:y".into()],
            max_age: Some(Duration::from_secs(300)),
        }),
    };
    assert_eq!(config.rules[0].authorization(), Some(&expected));
}
