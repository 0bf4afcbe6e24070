//! Configurations of `jwt_authn` whose rules match requests by different conditions.

use serde_json::{Value, json};

use crate::configurations::{Configuration, one};

pub(crate) fn routes() -> Vec<Configuration> {
    let requires = json!({ "provider_name": "login" });
    let rule = |condition: Value| json!({ "match": condition, "requires": requires });
    let ruled = |name: &str, rules: &[Value]| one(name, &json!({})).ruled(&json!(rules));
    vec![
        ruled("no-rules", &[]).at(&["/", "/a"]),
        ruled("prefix", &[json!({ "match": { "prefix": "/public" } }), rule(json!({ "prefix": "/api" }))])
            .at(&["/api/x?y", "/api", "/apis", "/API/x", "/public/x", "/", "/api//x", "/api%2fx"]),
        ruled("path", &[rule(json!({ "path": "/a/b" }))])
            .at(&["/a/b?x", "/a/b/", "/a/B", "/a%2fb", "/a/./b", "/a/b;c", "/a/b%3Fx"]),
        ruled("path-any-case", &[rule(json!({ "path": "/a/B", "case_sensitive": false }))])
            .at(&["/A/b", "/a/B?x", "/a/bb"]),
        ruled("prefix-any-case", &[rule(json!({ "prefix": "/Api", "case_sensitive": false }))])
            .at(&["/aPi/x", "/ap"]),
        ruled("segments", &[rule(json!({ "path_separated_prefix": "/api" }))])
            .at(&["/api/x", "/api", "/api?x", "/apis", "/api#x", "/api;x", "/API"]),
        ruled("segments-any-case", &[rule(json!({ "path_separated_prefix": "/api", "case_sensitive": false }))])
            .at(&["/API/x", "/Api?x", "/APIS"]),
        ruled("regex", &[rule(json!({ "safe_regex": { "regex": "/v[0-9]+/(orders|items)(/.*)?" } }))])
            .at(&["/v1/orders", "/v12/items/3?x=/", "/v1/orderss", "/v/orders", "/v1/orders?/x", "/V1/orders"]),
        ruled("regex-class", &[rule(json!({ "safe_regex": { "regex": "/\\w+(/\\d{2,3})?/[^/.]*" } }))])
            .at(&["/ab/12/x", "/ab/1/x", "/ab/1234/x", "/ab/x.y", "/a-b/x", "/ab/"]),
        ruled("connect", &[rule(json!({ "connect_matcher": {} })), json!({ "match": { "prefix": "/" } })])
            .at(&["/a"]),
        ruled("headers", &[rule(json!({ "prefix": "/", "headers": [
                { "name": "x-env", "string_match": { "exact": "prod" } },
                { "name": ":method", "string_match": { "safe_regex": { "regex": "GET|POST" } } },
                { "name": "x-internal", "present_match": true, "invert_match": true },
            ] }))])
            .at(&["/a"])
            .headed(&[("x-env", "prod"), ("x-env", "PROD"), ("x-env", ""), ("x-internal", "1")]),
        ruled("headers-inverted", &[rule(json!({ "prefix": "/", "headers": [
                { "name": "x-env", "string_match": { "prefix": "dev", "ignore_case": true }, "invert_match": true },
            ] })), rule(json!({ "prefix": "/", "headers": [
                { "name": "x-level", "range_match": { "start": 1, "end": 10 } },
            ] }))])
            .at(&["/a"])
            .headed(&[("x-env", "DEV-1"), ("x-env", "prod"), ("x-level", "1"), ("x-level", "10"), ("x-level", "+5"), ("x-level", "x")]),
        ruled("headers-empty", &[rule(json!({ "prefix": "/", "headers": [
                { "name": "x-env", "string_match": { "exact": "" }, "treat_missing_header_as_empty": true },
            ] })), rule(json!({ "prefix": "/", "headers": [{ "name": "x-env", "contains_match": "o" }] }))])
            .at(&["/a"])
            .headed(&[("x-env", "dev"), ("x-env", "prod")]),
        ruled("query", &[rule(json!({ "prefix": "/", "query_parameters": [
                { "name": "secure", "string_match": { "exact": "yes" } },
                { "name": "v", "present_match": true },
            ] }))])
            .at(&["/a?secure=yes&v", "/a?secure=no&v=1", "/a?v&secure=no&secure=yes", "/a?secure=%79es&v", "/a?%73ecure=yes&v=", "/a?secure=yes", "/a?secure&v", "/a"]),
        one("named", &json!({}))
            .with("requirement_map", &json!({ "known": requires, "anyone": { "allow_missing": {} } }))
            .ruled(&json!([
                { "match": { "prefix": "/open" } },
                { "match": { "prefix": "/maybe" }, "requirement_name": "anyone" },
                { "match": { "prefix": "/" }, "requirement_name": "known" },
            ]))
            .at(&["/a", "/open", "/maybe?x"]),
        one("preflight", &json!({}))
            .with("bypass_cors_preflight", &json!(true))
            .with("strip_failure_response", &json!(true)),
    ]
}
