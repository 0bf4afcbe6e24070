//! Tests of warnings about rules and providers that have no effect.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{base, base_with, warnings_of};

/// Returns the warnings about a configuration with these rules. Each rule consists of its `match`
/// and a flag, which is true if the rule requires a token.
fn warnings_about(rules: &[(Value, bool)]) -> Vec<String> {
    let rules: Vec<Value> = rules
        .iter()
        .map(|(matcher, asks)| match asks {
            true => json!({"match": matcher, "requires": {"provider_name": "okta"}}),
            false => json!({"match": matcher}),
        })
        .collect();
    let mut changes = vec![("rules", json!(rules))];
    // Use the provider in a requirement, because an unused provider would cause a warning of its
    // own.
    changes.push(("requirement_map.used", json!({"provider_name": "okta"})));
    warnings_of(&base_with(&changes))
}

#[test]
fn warns_of_a_query_in_a_condition_on_the_path() {
    let on = |name: &str, condition: Value| json!({"prefix": "/q", "headers": [{"name": name, "string_match": condition}]});
    for (matcher, is_found) in [
        (on(":path", json!({"prefix": "/q?mode=admin"})), true),
        (on(":path", json!({"contains": "?mode"})), true),
        (
            on(":path", json!({"safe_regex": {"regex": r"/q\?.*"}})),
            true,
        ),
        (on(":path", json!({"suffix": "mode=admin"})), true),
        (
            on(":path", json!({"safe_regex": {"regex": ".*mode=admin"}})),
            true,
        ),
        (on(":path", json!({"safe_regex": {"regex": "/qq?"}})), false),
        (on(":path", json!({"prefix": "/q"})), false),
        (on("x-question", json!({"exact": "why?"})), false),
    ] {
        let warnings = warnings_about(&[(matcher, true)]);
        let found = warnings
            .iter()
            .filter(|text| text.contains("query_parameters"));
        assert_eq!(found.count(), usize::from(is_found), "{warnings:?}");
    }
}

const HIDDEN: &str = "rules[1]: no request reaches this rule, because rules[0] comes first; move this rule before rules[0]";

#[test]
fn warns_of_a_rule_that_an_earlier_one_hides() {
    for (earlier, later) in [
        (json!({"prefix": "/"}), json!({"path": "/admin"})),
        (json!({"prefix": ""}), json!({"path": "*"})),
        (
            json!({"prefix": ""}),
            json!({"safe_regex": {"regex": "/a"}}),
        ),
        (json!({"prefix": "/a"}), json!({"prefix": "/api"})),
        (
            json!({"prefix": "/a"}),
            json!({"path_separated_prefix": "/a"}),
        ),
        (
            json!({"path_separated_prefix": "/a"}),
            json!({"path": "/a"}),
        ),
        (
            json!({"path_separated_prefix": "/a"}),
            json!({"prefix": "/a/"}),
        ),
        (
            json!({"path_separated_prefix": "/a"}),
            json!({"path_separated_prefix": "/a/b"}),
        ),
        (
            json!({"path": "/a"}),
            json!({"path": "/a", "methods": ["GET"]}),
        ),
        (json!({"path": "/caf%c3%a9"}), json!({"path": "/café"})),
        (
            json!({"path": "/mcp"}),
            json!({"path": "/mcp", "mcp": {"any": true}}),
        ),
        (
            json!({"path": "/mcp", "mcp": {"any": true}}),
            json!({"path": "/mcp", "mcp": {"names": ["x"]}}),
        ),
        (
            json!({"prefix": "/A", "case_sensitive": false}),
            json!({"prefix": "/api"}),
        ),
        (
            json!({"prefix": "/1"}),
            json!({"prefix": "/1a", "case_sensitive": false}),
        ),
        (
            json!({"connect_matcher": {}}),
            json!({"connect_matcher": {}}),
        ),
        (
            json!({"safe_regex": {"regex": "/v[0-9]"}}),
            json!({"path": "/v1"}),
        ),
        (
            json!({"safe_regex": {"regex": "/v."}}),
            json!({"safe_regex": {"regex": "/v."}}),
        ),
        (
            json!({"prefix": "/", "methods": ["GET", "HEAD"]}),
            json!({"prefix": "/a", "methods": ["GET"]}),
        ),
        (
            json!({"prefix": "/"}),
            json!({"prefix": "/a", "headers": [{"name": "x"}], "query_parameters": [{"name": "q"}]}),
        ),
    ] {
        let found = warnings_about(&[(earlier.clone(), true), (later.clone(), true)]);
        assert_eq!(found, [HIDDEN], "{earlier} {later}");
    }
}

#[test]
fn does_not_warn_of_a_rule_that_some_request_may_reach() {
    for (earlier, later) in [
        (json!({"path": "/admin"}), json!({"prefix": "/"})),
        (json!({"prefix": "/api"}), json!({"prefix": "/a"})),
        (
            json!({"path_separated_prefix": "/a"}),
            json!({"prefix": "/a"}),
        ),
        (
            json!({"path_separated_prefix": "/a"}),
            json!({"path": "/ab"}),
        ),
        (json!({"path": "/a"}), json!({"path": "/a/"})),
        (json!({"path": "/a"}), json!({"prefix": "/a"})),
        (json!({"prefix": "/a"}), json!({"prefix": "/A"})),
        (
            json!({"prefix": "/a"}),
            json!({"prefix": "/a", "case_sensitive": false}),
        ),
        (
            json!({"prefix": "/"}),
            json!({"safe_regex": {"regex": ".*"}}),
        ),
        (json!({"prefix": "/"}), json!({"connect_matcher": {}})),
        (json!({"prefix": ""}), json!({"connect_matcher": {}})),
        (json!({"connect_matcher": {}}), json!({"prefix": "/"})),
        (
            json!({"safe_regex": {"regex": "/a.*"}}),
            json!({"safe_regex": {"regex": "/ab"}}),
        ),
        (
            json!({"safe_regex": {"regex": "/a"}}),
            json!({"path": "/a", "case_sensitive": false}),
        ),
        (
            json!({"prefix": "/", "methods": ["GET"]}),
            json!({"prefix": "/"}),
        ),
        (
            json!({"prefix": "/", "methods": ["GET"]}),
            json!({"prefix": "/", "methods": ["GET", "POST"]}),
        ),
        (
            json!({"prefix": "/", "headers": [{"name": "x"}]}),
            json!({"prefix": "/a"}),
        ),
        (
            json!({"prefix": "/", "headers": [{"name": "x"}]}),
            json!({"prefix": "/", "headers": [{"name": "x", "invert_match": true}]}),
        ),
        (
            json!({"prefix": "/", "query_parameters": [{"name": "q"}]}),
            json!({"prefix": "/"}),
        ),
        (
            json!({"path": "/mcp", "mcp": {"any": true}}),
            json!({"path": "/mcp"}),
        ),
        (
            json!({"path": "/mcp", "mcp": {"names": ["x"]}}),
            json!({"path": "/mcp", "mcp": {"any": true}}),
        ),
        (
            json!({"path": "/mcp", "methods": ["GET", "DELETE"]}),
            json!({"path": "/mcp", "mcp": {"any": true}}),
        ),
    ] {
        let found = warnings_about(&[(earlier.clone(), true), (later.clone(), true)]);
        assert_eq!(found, Vec::<String>::new(), "{earlier} {later}");
    }
}

#[test]
fn warns_of_an_open_rule_ahead_of_one_that_requires_a_token() {
    let wide = |methods: Value| json!({"prefix": "/", "methods": methods});
    let narrow = json!({"path_separated_prefix": "/admin"});
    let unread = "rules[1]: no request reaches this rule, because rules[0] comes first and \
                  requires no token; move this rule before rules[0]";
    let some = "rules[1]: some of the requests for this rule do not reach it, because rules[0] comes \
                first and requires no token; move this rule before rules[0]";
    for (earlier, later, expected) in [
        (json!({"prefix": "/"}), narrow.clone(), Some(unread)),
        (json!({"prefix": "/"}), json!({"prefix": "/"}), Some(unread)),
        (wide(json!(["GET"])), narrow.clone(), Some(some)),
        (wide(json!(["OPTIONS", "GET"])), narrow.clone(), Some(some)),
        // There is no warning if the first rule lets only preflight requests pass, or only GET
        // requests to the same paths as the second rule. Such rules are common.
        (wide(json!(["OPTIONS"])), narrow.clone(), None),
        (wide(json!(["GET"])), json!({"prefix": "/"}), None),
        (
            wide(json!(["GET"])),
            json!({"prefix": "/a", "methods": ["POST"]}),
            None,
        ),
        (json!({"path": "/healthz"}), json!({"prefix": "/"}), None),
    ] {
        let found = warnings_about(&[(earlier.clone(), false), (later.clone(), true)]);
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(found, expected, "{earlier} {later}");
    }
    let lenient = base_with(&[
        ("rules.0.requires", json!({"allow_missing": {}})),
        (
            "rules.1",
            json!({"match": narrow, "requires": {"provider_name": "okta"}}),
        ),
    ]);
    assert_eq!(warnings_of(&lenient), [unread]);
}

/// A request for `/mcp/` or `/MCP` must not reach the tools through a wider rule.
#[test]
fn warns_of_an_mcp_endpoint_with_another_spelling_that_a_wider_rule_matches() {
    let with_mcp = |mut route: Value| {
        route["mcp"] = json!({"names": ["list"]});
        route
    };
    let wide = json!({"prefix": "/"});
    let exact = json!({"path": "/mcp"});
    let segments = json!({"path_separated_prefix": "/mcp"});
    let folded = json!({"path_separated_prefix": "/mcp", "case_sensitive": false});
    let warning = |spelling: &str| {
        format!(
            "rules[0]: many servers treat \"{spelling}\" like this path, but rules[1] decides on \
             requests with that spelling; use \"path_separated_prefix\" and \"case_sensitive\": \
             false"
        )
    };
    for (route, other, expected) in [
        (&exact, &wide, Some("/mcp/")),
        (&segments, &wide, Some("/MCP")),
        (&json!({"path": "/mcp/"}), &wide, Some("/mcp")),
        (
            &json!({"path": "/mcp", "case_sensitive": false}),
            &wide,
            Some("/mcp/"),
        ),
        (&json!({"prefix": "/mcp/"}), &wide, Some("/mcp")),
        (
            &json!({"prefix": "/mcp/", "case_sensitive": false}),
            &wide,
            Some("/mcp"),
        ),
        (&json!({"prefix": "/mcp"}), &wide, Some("/MCP")),
        (&exact, &json!({"path": "/mcp/"}), Some("/mcp/")),
        (&folded, &wide, None),
        (&exact, &json!({"prefix": "/", "methods": ["GET"]}), None),
        (&exact, &json!({"path": "/healthz"}), None),
        (&json!({"prefix": "/"}), &wide, None),
    ] {
        let found = warnings_about(&[(with_mcp(route.clone()), true), (other.clone(), true)]);
        let expected: Vec<String> = expected.map(warning).into_iter().collect();
        assert_eq!(found, expected, "{route} {other}");
    }
    // A second rule with `mcp` prevents the warning if it also matches `/mcp/`. If it has the same
    // path as the first rule, the two rules cause only one warning.
    for (second, expected) in [(folded.clone(), None), (exact.clone(), Some("/mcp/"))] {
        let rules = [exact.clone(), second.clone()].map(|route| (with_mcp(route), true));
        let mut rules = rules.to_vec();
        rules[1].0["mcp"] = json!({"names": ["read"]});
        rules.push((wide.clone(), false));
        let found = warnings_about(&rules);
        let expected = expected.map(|spelling| warning(spelling).replace("rules[1]", "rules[2]"));
        assert_eq!(found, Vec::from_iter(expected), "{second}");
    }
    // Neither rule matches `/MCP/`. The first rule ignores case, but does not match a final slash.
    // The second rule matches a final slash, but only lower case.
    let any_case = json!({"path": "/mcp", "case_sensitive": false});
    let mut rules = [any_case, segments]
        .map(|route| (with_mcp(route), true))
        .to_vec();
    rules[1].0["mcp"] = json!({"names": ["read"]});
    rules.push((wide.clone(), true));
    let expected = warning("/MCP/").replace("rules[1]", "rules[2]");
    let expected = expected.replace("rules[0]", "rules[1]");
    assert!(warnings_about(&rules).contains(&expected), "{rules:?}");
    // A rule that no request matches causes this warning too.
    let mut unread = with_mcp(folded);
    unread["path_separated_prefix"] = json!("/mcp;x");
    unread["case_sensitive"] = json!(true);
    let found = warnings_about(&[(unread, true), (wide, true)]);
    assert!(found.contains(&warning("/MCP;X")), "{found:?}");
    let open = base_with(&[
        ("rules.0.match", with_mcp(exact)),
        ("unmatched", json!("allow")),
    ]);
    let found = warnings_of(&open);
    assert!(
        found
            .iter()
            .any(|one| one.contains("but no rule matches requests with that spelling")),
        "{found:?}"
    );
}

/// A wider rule causes no warning if it has a condition on a different host.
#[test]
fn warns_of_an_mcp_endpoint_that_a_wider_rule_for_its_host_matches() {
    let on_host = |host: &str, mut route: Value| {
        route["headers"] = json!([{"name": ":authority", "exact_match": host}]);
        route
    };
    let listed = |mut route: Value| {
        route["mcp"] = json!({"names": ["list"]});
        (route, true)
    };
    let endpoint = || on_host("a.example", json!({"path": "/mcp"}));
    let folded = || json!({"path_separated_prefix": "/mcp", "case_sensitive": false});
    let wide = || json!({"prefix": "/"});
    let warning = |rule: usize, taker: usize| {
        format!(
            "rules[{rule}]: many servers treat \"/mcp/\" like this path, but rules[{taker}] decides \
             on requests with that spelling; use \"path_separated_prefix\" and \
             \"case_sensitive\": false"
        )
    };
    for (rules, expected) in [
        (
            vec![listed(endpoint()), (on_host("a.example", wide()), true)],
            vec![warning(0, 1)],
        ),
        (
            vec![listed(endpoint()), (wide(), true)],
            vec![warning(0, 1)],
        ),
        (
            vec![listed(endpoint()), (on_host("b.example", wide()), true)],
            vec![],
        ),
        (
            vec![
                listed(endpoint()),
                listed(on_host("a.example", folded())),
                (on_host("a.example", wide()), true),
            ],
            vec![],
        ),
        // A rule for calls to another host does not match calls to this host.
        (
            vec![
                listed(endpoint()),
                listed(on_host("b.example", folded())),
                (on_host("a.example", wide()), true),
            ],
            vec![warning(0, 2)],
        ),
        (
            vec![
                listed(endpoint()),
                listed(on_host("b.example", json!({"path": "/mcp"}))),
                (wide(), true),
            ],
            vec![warning(0, 2), warning(1, 2)],
        ),
    ] {
        assert_eq!(warnings_about(&rules), expected, "{rules:?}");
    }
}

#[test]
fn warns_of_an_mcp_endpoint_that_is_a_regular_expression() {
    let endpoint = json!({"safe_regex": {"regex": "/mcp"}, "mcp": {"any": true}});
    let warning = "rules[0]: because this path is a regular expression, its other spellings cannot \
                   be checked; make sure that the expression also matches the path with a final / \
                   and in another letter case; otherwise, rules[1] decides on requests with these \
                   spellings";
    for (other, expected) in [
        (json!({"prefix": "/"}), Some(warning)),
        (json!({"path": "/mcp/"}), Some(warning)),
        (json!({"path": "/MCP"}), Some(warning)),
        (json!({"path": "/healthz"}), None),
        (json!({"prefix": "/", "methods": ["GET"]}), None),
    ] {
        let found = warnings_about(&[(endpoint.clone(), true), (other.clone(), true)]);
        assert_eq!(found, Vec::from_iter(expected), "{other}");
    }
}

/// A request for `/MCP` must not reach the resource unless the audience and the origin are checked.
#[test]
fn warns_of_a_resource_with_another_case_that_a_rule_matches() {
    let on_host = |host: &str| json!({"prefix": "/", "headers": [{"name": ":authority", "exact_match": host}]});
    let warning = |effect: &str| {
        format!(
            "protected_resources: many servers treat \"/MCP\" like the path of \
             \"https://a.example/mcp\", but {effect} requests with that spelling, without the \
             checks of the resource; set \"case_sensitive\": false in a rule for the resource's \
             path"
        )
    };
    let own = json!({"path_separated_prefix": "/mcp"});
    let folded = json!({"path_separated_prefix": "/mcp", "case_sensitive": false});
    let mcp = || json!([{"resource": "https://a.example/mcp"}]);
    for (rules, resources, expected) in [
        (
            vec![json!({"prefix": "/"})],
            mcp(),
            Some("rules[0] decides on"),
        ),
        (
            vec![own.clone(), json!({"prefix": "/"})],
            mcp(),
            Some("rules[1] decides on"),
        ),
        (
            vec![on_host("a.example")],
            mcp(),
            Some("rules[0] decides on"),
        ),
        (vec![own.clone(), on_host("b.example")], mcp(), None),
        (vec![own.clone()], mcp(), None),
        (vec![folded, json!({"prefix": "/"})], mcp(), None),
        (
            vec![json!({"prefix": "/", "case_sensitive": false})],
            mcp(),
            None,
        ),
        (
            vec![json!({"prefix": "/"})],
            json!([{"resource": "https://a.example/"}]),
            None,
        ),
    ] {
        let asks = |matcher| json!({"match": matcher, "requires": {"provider_name": "okta"}});
        let document = base_with(&[
            ("rules", rules.iter().map(asks).collect()),
            ("protected_resources", resources),
        ]);
        let expected = expected.map(warning);
        assert_eq!(
            warnings_of(&document),
            Vec::from_iter(expected),
            "{rules:?}"
        );
    }
    let open = base_with(&[
        ("rules.0.match", own),
        ("protected_resources", mcp()),
        ("unmatched", json!("allow")),
    ]);
    let expected = warning("no rule matches");
    assert!(warnings_of(&open).contains(&expected), "{open}");
}

#[test]
fn warns_of_a_rule_for_a_path_with_a_parameter() {
    for path in ["/a;v=1", "/a%3bv"] {
        assert_eq!(
            warnings_about(&[(json!({"path": path}), true)]),
            [
                "rules[0]: no request reaches this rule, because paths are also matched without \
                 parameters; write the path without \";\""
            ]
        );
    }
}

#[test]
fn warns_of_a_rule_for_a_path_with_an_encoded_delimiter() {
    for path in ["/a%3Fb", "/a%3f", "/a%23b"] {
        assert_eq!(
            warnings_about(&[(json!({"path": path}), true)]),
            [
                "rules[0]: no request reaches this rule, because paths are also matched up to an \
                 encoded ? or #; write the path without these characters"
            ]
        );
    }
}

#[test]
fn warns_of_an_expression_that_no_encoded_path_matches() {
    let rule = |regex: &str| [(json!({"safe_regex": {"regex": regex}}), true)];
    let warning = |written: &str, instead: &str| {
        format!(
            "rules[0]: paths are matched in encoded form; in the regular expression, write \
             `{instead}` instead of `{written}`"
        )
    };
    for (regex, written, instead) in [
        ("/café/.*", "é", "%C3%A9"),
        ("/my docs", " ", "%20"),
        (r"/x\[1\]", r"\[", "%5B"),
    ] {
        assert_eq!(warnings_about(&rule(regex)), [warning(written, instead)]);
        let header = json!({"name": ":path", "safe_regex_match": {"regex": regex}});
        let by_header = json!({"prefix": "/", "headers": [header]});
        assert_eq!(
            warnings_about(&[(by_header, true)]),
            [warning(written, instead)]
        );
    }
    for regex in ["/caf%C3%A9/[^/]*", "(?x) /a"] {
        assert_eq!(warnings_about(&rule(regex)), Vec::<String>::new());
    }
}

#[test]
fn warns_of_a_provider_that_nothing_can_use() {
    let other = base()["providers"]["okta"].clone();
    let with = |change: (&str, Value)| {
        warnings_of(&base_with(&[("providers.entra", other.clone()), change]))
    };
    let unused = "providers.entra: no rule uses this provider; name the provider in \"requires\", or remove the provider";
    assert_eq!(with(("realm", json!("api"))), [unused]);
    let entra = json!({"provider_name": "entra"});
    for (place, requires) in [
        ("requirement_map.for_routes", entra.clone()),
        (
            "filter_state_rules",
            json!({"name": "a", "requires": {"b": entra}}),
        ),
        ("status", json!({"path": "/status", "requires": entra})),
        (
            "rules.0.requires",
            json!({"requires_any": {"requirements": [{"provider_name": "okta"}, entra]}}),
        ),
        ("rules.0.requires", json!({"allow_missing": {}})),
    ] {
        assert_eq!(with((place, requires)), Vec::<String>::new(), "{place}");
    }
    let beside = json!({"requires_any": {"requirements": [{"provider_name": "okta"}, {"allow_missing": {}}]}});
    assert_eq!(with(("rules.0.requires", beside)), [unused]);
}

#[test]
fn warns_if_there_are_no_rules() {
    let none = |changes: &[(&str, Value)]| {
        let mut all = vec![("rules", json!([])), ("providers", json!({}))];
        all.extend(changes.iter().cloned());
        warnings_of(&base_with(&all))
    };
    assert_eq!(
        none(&[]),
        ["rules: there are no rules, so every request is denied; add rules"]
    );
    assert_eq!(
        none(&[("unmatched", json!("allow"))]),
        [
            "unmatched: requests that no rule matches pass without a token",
            "rules: there are no rules, so every request passes; add rules",
        ]
    );
    // There is no warning, because Envoy's routes may refer to this requirement.
    assert_eq!(
        none(&[("requirement_map.any", json!({"allow_missing": {}}))]),
        Vec::<String>::new()
    );
}
