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
            r#".match: exactly one of "prefix", "path", "safe_regex", "path_separated_prefix", "connect_matcher" is required, found none; add one"#,
        ),
        (
            vec![("match.path", json!("/"))],
            r#".match: exactly one of "prefix", "path", "safe_regex", "path_separated_prefix", "connect_matcher" is required, found "prefix", "path"; keep one"#,
        ),
        (
            vec![("match.prefix", json!("api"))],
            r#".match.prefix: expected a path that starts with / and has no ? or #, found "api""#,
        ),
        (
            vec![("match.prefix", json!("/my docs"))],
            ".match.prefix: no request can have this path: it has a space or control character; write a space as %20, and encode other such characters too",
        ),
        (
            vec![("match", json!({"path": "/a/../admin"}))],
            ".match.path: no request can have this path: it has a dot segment; resolve . and .. in the path, as servers do",
        ),
        (
            vec![("match", json!({"path_separated_prefix": "/a%2fb"}))],
            ".match.path_separated_prefix: no request can have this path: it has an encoded slash; write / between segments; requests with an encoded one get 400",
        ),
        (
            vec![("match.prefix", json!("//admin"))],
            ".match.prefix: no request can have this path: it has an empty segment; write one / where there are several",
        ),
        (
            header(json!({"name": ":path", "prefix_match": "/café?q=é"})),
            ".match.headers[0].prefix_match: paths are matched in their normal spelling, and this is another one; write /caf%C3%A9",
        ),
        (
            vec![("match", json!({"path_separated_prefix": "/a/"}))],
            r#".match.path_separated_prefix: expected a path without / at its end (for all paths: "prefix": "/"), found "/a/""#,
        ),
        (
            vec![("match", json!({"safe_regex": {"regex": "a)|(b"}}))],
            r".match.safe_regex.regex: invalid regular expression: found closing ')' without matching '('; correct it (Unicode classes such as \p{L} are not supported)",
        ),
        (
            vec![("match", json!({"safe_regex": {"regex": r"/x\<y"}}))],
            r".match.safe_regex.regex: invalid regular expression: \<, \> and \b{ mean something else in Envoy; correct it (Unicode classes such as \p{L} are not supported)",
        ),
        (
            vec![("match", json!({"safe_regex": {"regex": "a".repeat(4097)}}))],
            ".match.safe_regex.regex: longer than 4096 characters; shorten it",
        ),
        (
            vec![("match.methods", json!(["get"]))],
            r#".match.methods[0]: expected a method in capital letters, such as GET, found "get""#,
        ),
        (
            vec![("match.methods", json!([]))],
            ".match.methods: empty; fill it in, or remove it if it is optional",
        ),
        (
            vec![("match.methods", json!(["GET", "GET"]))],
            r#".match.methods[1]: "GET" occurs twice; remove one"#,
        ),
        (
            header(json!({"name": "a", "range_match": {"start": 5, "end": 5}})),
            r#".match.headers[0].range_match: no number is at least "start" and below "end"; make "end" greater than "start""#,
        ),
        (
            header(json!({"name": "a b"})),
            ".match.headers[0].name: a header name holds only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 section 5.6.2); rename it",
        ),
        (
            header(json!({"name": "a", "string_match": {"prefix": ""}})),
            ".match.headers[0].string_match.prefix: empty; fill it in, or remove it if it is optional",
        ),
        (
            header(json!({"name": "a", "exact_match": "b", "present_match": true})),
            r#".match.headers[0]: exactly one of "string_match", "exact_match", "prefix_match", "suffix_match", "contains_match", "safe_regex_match", "range_match", "present_match" is required, found "exact_match", "present_match"; keep one"#,
        ),
        (
            vec![("match.query_parameters", json!([{"name": ""}]))],
            ".match.query_parameters[0].name: empty; fill it in, or remove it if it is optional",
        ),
    ])
}

pub(super) fn requirements() -> BTreeSet<String> {
    let nested = (0..16).fold(
        json!({"allow_missing": {}}),
        |inner, _| json!({"requires_any": {"requirements": [inner, {"allow_missing": {}}]}}),
    );
    let too_deep = format!(
        ".requires{}: requirements go deeper than 16 levels; flatten it",
        ".requires_any.requirements[0]".repeat(16)
    );
    check_rule(vec![
        (vec![("requires", nested)], &too_deep),
        (
            vec![("requires", json!({}))],
            r#".requires: exactly one of "provider_name", "provider_and_audiences", "requires_any", "requires_all", "allow_missing", "allow_missing_or_failed", "extract_only_without_validation" is required, found none; add one"#,
        ),
        (
            vec![("requires.provider_name", json!("okat"))],
            r#".requires.provider_name: unknown provider "okat", did you mean "okta"?"#,
        ),
        (
            vec![("requires.provider_name", json!("entra"))],
            r#".requires.provider_name: unknown provider "entra"; add it to "providers""#,
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
            r#".requirement_name: unknown requirement "any"; add it to "requirement_map""#,
        ),
        (
            vec![("requirement_name", json!("any"))],
            r#": "requires" contradicts "requirement_name"; keep one"#,
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
            ".authorize: the claims may be unverified; require a token that verifies",
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
            ".authorize: empty; fill it in, or remove it if it is optional",
        ),
        (
            vec![("authorize.scopes.any_of", json!(["a b"]))],
            r#".authorize.scopes.any_of[0]: expected a scope: printable ASCII without spaces, quotes and backslashes, found "a b""#,
        ),
        (
            vec![(
                "authorize.scopes",
                json!({"any_of": ["a"], "all_of": ["a"]}),
            )],
            r#".authorize.scopes: exactly one of "all_of", "any_of" is required, found "all_of", "any_of"; keep one"#,
        ),
        (
            vec![("authorize.roles.any_of", json!([]))],
            ".authorize.roles.any_of: empty; fill it in, or remove it if it is optional",
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
            ".authorize.claims[0].any_of[0]: a large number was given as a double, which also equals its neighbours; quote it if the claim is text; else give the configuration as JSON text (a StringValue), which keeps every digit",
        ),
    ])
}

pub(super) fn mcp() -> BTreeSet<String> {
    let call = |written: Value| vec![("match.mcp", written)];
    check_rule(vec![
        (
            call(json!({})),
            ".match.mcp: empty; fill it in, or remove it if it is optional",
        ),
        (
            call(json!({"any": false})),
            ".match.mcp: empty; fill it in, or remove it if it is optional",
        ),
        (
            call(json!({"any": true, "names": ["a"]})),
            r#".match.mcp: "names" contradicts "any"; keep one"#,
        ),
        (
            call(json!({"method": ["tools/call"]})),
            r#".match.mcp: unknown field "method", did you mean "methods"?"#,
        ),
        (
            call(json!({"methods": []})),
            ".match.mcp.methods: empty; fill it in, or remove it if it is optional",
        ),
        (
            call(json!({"methods": ["tools/call,tools/list"]})),
            r#".match.mcp.methods[0]: expected a JSON-RPC method, such as tools/call, found "tools/call,tools/list""#,
        ),
        (
            call(json!({"methods": ["tools/list"], "names": ["a"]})),
            r#".match.mcp.methods[0]: expected a method whose calls have a name: prompts/get, resources/read, tools/call, found "tools/list""#,
        ),
        (
            call(json!({"methods": ["tools/call", "prompts/get"], "params": {"a": ["b"]}})),
            r#".match.mcp.methods[1]: expected tools/call, the only method whose calls have arguments, found "prompts/get""#,
        ),
        (
            call(json!({"names": ["a", "a"]})),
            r#".match.mcp.names[1]: "a" occurs twice; remove one"#,
        ),
        (
            call(json!({"params": {}})),
            ".match.mcp.params: empty; fill it in, or remove it if it is optional",
        ),
        (
            call(json!({"params": {"a": []}})),
            ".match.mcp.params.a: empty; fill it in, or remove it if it is optional",
        ),
        (
            call(json!({"params": {"Region": ["eu"], "region": ["us"]}})),
            r#".match.mcp.params.region: "region" occurs twice; remove one"#,
        ),
        (
            vec![
                ("match.mcp", json!({"any": true})),
                ("match.methods", json!(["POST", "GET"])),
            ],
            r#".match.methods: expected POST alone, as every MCP call is one, found "GET""#,
        ),
        (
            vec![(
                "match",
                json!({"connect_matcher": {}, "mcp": {"any": true}}),
            )],
            r#".match: "mcp" contradicts "connect_matcher"; keep one"#,
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
