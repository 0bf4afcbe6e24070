//! Tests of the reasons to reject rules.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Refusal, check};

pub(super) fn matches() -> BTreeSet<String> {
    let header = |matcher: Value| vec![("match.headers.0", matcher)];
    check_rule(vec![
        (
            vec![("", json!({}))],
            r#": missing field "match"; add "match""#,
        ),
        (
            vec![("match", json!({}))],
            r#".match: exactly one of "prefix", "path", "safe_regex", "path_separated_prefix", "connect_matcher" is required, found none; add one of these fields"#,
        ),
        (
            vec![("match.path", json!("/"))],
            r#".match: exactly one of "prefix", "path", "safe_regex", "path_separated_prefix", "connect_matcher" is required, found "prefix", "path"; keep only one of these fields"#,
        ),
        (
            vec![("match.prefix", json!("api"))],
            r#".match.prefix: expected a path that starts with / and has no ? or #, found "api""#,
        ),
        (
            vec![("match.prefix", json!("/my docs"))],
            ".match.prefix: no request can have this path: it has a space or control character; write a space as %20, and remove control characters",
        ),
        (
            vec![("match", json!({"path": "/a/../admin"}))],
            ".match.path: no request can have this path: it has a dot segment; resolve the segments . and .., as servers do",
        ),
        (
            vec![("match", json!({"path_separated_prefix": "/a%2fb"}))],
            ".match.path_separated_prefix: no request can have this path: it has an encoded slash; write / between segments; requests with a backslash or an encoded slash get 400",
        ),
        (
            vec![("match.prefix", json!("//admin"))],
            ".match.prefix: no request can have this path: it has an empty segment; write a single / instead of several",
        ),
        (
            header(json!({"name": ":path", "prefix_match": "/café?q=é"})),
            ".match.headers[0].prefix_match: paths are matched in their normal spelling, but this path has a different spelling; write /caf%C3%A9",
        ),
        (
            vec![("match", json!({"path_separated_prefix": "/a/"}))],
            r#".match.path_separated_prefix: expected a path that does not end in / (to match all paths, use "prefix": "/"), found "/a/""#,
        ),
        (
            vec![("match", json!({"safe_regex": {"regex": "a)|(b"}}))],
            r".match.safe_regex.regex: invalid regular expression: found closing ')' without matching '('; correct the expression (Unicode classes such as \p{L} are not supported)",
        ),
        (
            vec![("match", json!({"safe_regex": {"regex": r"/x\<y"}}))],
            r".match.safe_regex.regex: invalid regular expression: \<, \> and \b{ have a different meaning in Envoy; correct the expression (Unicode classes such as \p{L} are not supported)",
        ),
        (
            vec![("match", json!({"safe_regex": {"regex": "a".repeat(4097)}}))],
            ".match.safe_regex.regex: longer than 4096 characters; shorten the value",
        ),
        (
            vec![("match.methods", json!(["get"]))],
            r#".match.methods[0]: expected a method in capital letters, such as GET, found "get""#,
        ),
        (
            vec![("match.methods", json!([]))],
            ".match.methods: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("match.methods", json!(["GET", "GET"]))],
            r#".match.methods[1]: "GET" occurs twice; remove one of the two"#,
        ),
        (
            header(json!({"name": "a", "range_match": {"start": 5, "end": 5}})),
            r#".match.headers[0].range_match: no number is at least "start" and below "end"; make "end" greater than "start""#,
        ),
        (
            header(json!({"name": "a b"})),
            ".match.headers[0].name: a header name may contain only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 section 5.6.2); rename the header",
        ),
        (
            header(json!({"name": "a", "string_match": {"prefix": ""}})),
            ".match.headers[0].string_match.prefix: empty; write a value, or remove the entry if it is optional",
        ),
        (
            header(json!({"name": "a", "exact_match": "b", "present_match": true})),
            r#".match.headers[0]: exactly one of "string_match", "exact_match", "prefix_match", "suffix_match", "contains_match", "safe_regex_match", "range_match", "present_match" is required, found "exact_match", "present_match"; keep only one of these fields"#,
        ),
        (
            vec![("match.query_parameters", json!([{"name": ""}]))],
            ".match.query_parameters[0].name: empty; write a value, or remove the entry if it is optional",
        ),
    ])
}

pub(super) fn requirements() -> BTreeSet<String> {
    let nested = (0..16).fold(
        json!({"allow_missing": {}}),
        |inner, _| json!({"requires_any": {"requirements": [inner, {"allow_missing": {}}]}}),
    );
    let too_deep = format!(
        ".requires{}: requirements are nested more than 16 levels deep; reduce the nesting",
        ".requires_any.requirements[0]".repeat(16)
    );
    check_rule(vec![
        (vec![("requires", nested)], &too_deep),
        (
            vec![("requires", json!({}))],
            r#".requires: exactly one of "provider_name", "provider_and_audiences", "requires_any", "requires_all", "allow_missing", "allow_missing_or_failed", "extract_only_without_validation" is required, found none; add one of these fields"#,
        ),
        (
            vec![("requires.provider_name", json!("okat"))],
            r#".requires.provider_name: unknown provider "okat", did you mean "okta"?"#,
        ),
        (
            vec![("requires.provider_name", json!("entra"))],
            r#".requires.provider_name: unknown provider "entra"; add the provider to "providers", or correct the name"#,
        ),
        (
            vec![(
                "requires",
                json!({"provider_and_audiences": {"provider_name": "okta"}}),
            )],
            r#".requires.provider_and_audiences: missing field "audiences"; add "audiences""#,
        ),
        (
            vec![(
                "requires",
                json!({"requires_any": {"requirements": [{"provider_name": "okta"}]}}),
            )],
            ".requires.requires_any.requirements: fewer than 2 entries; add entries, or write the single entry without the list",
        ),
        (
            vec![
                ("requires", json!(null)),
                ("requirement_name", json!("any")),
            ],
            r#".requirement_name: unknown requirement "any"; add the requirement to "requirement_map", or correct the name"#,
        ),
        (
            vec![("requirement_name", json!("any"))],
            r#": "requires" contradicts "requirement_name"; keep one of the two fields"#,
        ),
        (
            vec![
                ("requires", json!(null)),
                ("authorize.client_ids", json!(["c"])),
            ],
            r#": "authorize" without "requires": there would be no verified claims; add "requires" or "requirement_name""#,
        ),
        (
            vec![
                (
                    "requires",
                    json!({"requires_any": {"requirements": [
                        {"provider_name": "okta"}, {"extract_only_without_validation": {}},
                    ]}}),
                ),
                ("authorize.client_ids", json!(["c"])),
            ],
            ".authorize: the claims may be unverified, because of \"extract_only_without_validation\"; use a requirement that verifies the token",
        ),
        (
            vec![(
                "requires",
                json!({"extract_only_without_validation":
                    {"verification_status_header": "Authorization"}}),
            )],
            r#".requires.extract_only_without_validation.verification_status_header: tokens of the provider "okta" are read from this header; choose another header"#,
        ),
        (
            vec![("authorize", json!({}))],
            ".authorize: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("authorize.scopes.any_of", json!(["a b"]))],
            r#".authorize.scopes.any_of[0]: expected a scope: printable ASCII without spaces, quotes or backslashes, found "a b""#,
        ),
        (
            vec![(
                "authorize.scopes",
                json!({"any_of": ["a"], "all_of": ["a"]}),
            )],
            r#".authorize.scopes: exactly one of "all_of", "any_of" is required, found "all_of", "any_of"; keep only one of these fields"#,
        ),
        (
            vec![("authorize.roles.any_of", json!([]))],
            ".authorize.roles.any_of: empty; write a value, or remove the entry if it is optional",
        ),
        (
            vec![("authorize.claims", json!([{"claim": "tier"}]))],
            r#".authorize.claims[0]: missing field "any_of"; add "any_of""#,
        ),
        (
            vec![(
                "authorize.claims",
                json!([{"claim": "account", "any_of": [1_234_567_890_123_456_789_f64]}]),
            )],
            ".authorize.claims[0].any_of[0]: a large number was given as a double, which may have been rounded; put the number in quotes if the claim is a string; otherwise, write the configuration as JSON text (a StringValue), which keeps every digit",
        ),
    ])
}

pub(super) fn mcp() -> BTreeSet<String> {
    let call = |written: Value| vec![("match.mcp", written)];
    check_rule(vec![
        (
            call(json!({})),
            ".match.mcp: empty; write a value, or remove the entry if it is optional",
        ),
        (
            call(json!({"any": false})),
            ".match.mcp: empty; write a value, or remove the entry if it is optional",
        ),
        (
            call(json!({"any": true, "names": ["a"]})),
            r#".match.mcp: "names" contradicts "any"; keep one of the two fields"#,
        ),
        (
            call(json!({"method": ["tools/call"]})),
            r#".match.mcp: unknown field "method", did you mean "methods"?"#,
        ),
        (
            call(json!({"methods": []})),
            ".match.mcp.methods: empty; write a value, or remove the entry if it is optional",
        ),
        (
            call(json!({"methods": ["tools/call,tools/list"]})),
            r#".match.mcp.methods[0]: expected a JSON-RPC method, such as tools/call, found "tools/call,tools/list""#,
        ),
        (
            call(json!({"methods": ["tools/list"], "names": ["a"]})),
            r#".match.mcp.methods[0]: expected a method whose calls have a name: prompts/get, resources/read or tools/call, found "tools/list""#,
        ),
        (
            call(json!({"methods": ["tools/call", "prompts/get"], "params": {"a": ["b"]}})),
            r#".match.mcp.methods[1]: expected tools/call, the only method whose calls have arguments, found "prompts/get""#,
        ),
        (
            call(json!({"names": ["a", "a"]})),
            r#".match.mcp.names[1]: "a" occurs twice; remove one of the two"#,
        ),
        (
            call(json!({"params": {}})),
            ".match.mcp.params: empty; write a value, or remove the entry if it is optional",
        ),
        (
            call(json!({"params": {"a": []}})),
            ".match.mcp.params.a: empty; write a value, or remove the entry if it is optional",
        ),
        (
            call(json!({"params": {"Region": ["eu"], "region": ["us"]}})),
            r#".match.mcp.params.region: "region" occurs twice; remove one of the two"#,
        ),
        (
            vec![
                ("match.mcp", json!({"any": true})),
                ("match.methods", json!(["POST", "GET"])),
            ],
            r#".match.methods: expected only POST, because every MCP call is a POST request, found "GET""#,
        ),
        (
            vec![(
                "match",
                json!({"connect_matcher": {}, "mcp": {"any": true}}),
            )],
            r#".match: "mcp" contradicts "connect_matcher"; keep one of the two fields"#,
        ),
    ])
}

/// Does the same as [`check`] for fields of the first rule.
fn check_rule(refusals: Vec<Refusal<'_>>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for (changes, text) in refusals {
        let changes: Vec<_> = changes
            .into_iter()
            .map(|(path, value)| {
                (
                    format!("rules.0.{path}").trim_end_matches('.').to_owned(),
                    value,
                )
            })
            .collect();
        let changes = changes
            .iter()
            .map(|(path, value)| (path.as_str(), value.clone()))
            .collect();
        seen.extend(check("", vec![(changes, &format!("rules[0]{text}"))]));
    }
    seen
}
