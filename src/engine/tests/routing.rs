//! Tests of how the engine chooses the rule for a request.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn chooses_the_first_rule_and_denies_unmatched_requests() {
    let engine = engine(json!({"rules": [
        {"match": {"path": "/health"}},
        {"match": {"prefix": "/a", "methods": ["POST"]}, "requires": {"provider_name": "a"}},
    ]}));
    assert_eq!(label(&decide(&engine, "/health?x", &[])), "not_required");
    assert_eq!(
        label(&decide(&engine, "/healthz", &[])),
        "missing_credential"
    );
    let value = format!("Bearer {}", token("a", json!({})));
    let authorization = [("authorization", value.as_str())];
    assert_eq!(label(&decide(&engine, "/a", &authorization)), "unmatched");
    assert_eq!(
        label(&decide(&engine, "/a", &[("authorization", "Basic x")])),
        "missing_credential"
    );
}

#[test]
fn refuses_ambiguous_paths_before_any_rule() {
    let engine = engine(json!({"rules": [
        {"match": {"path": "/public"}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    for path in [
        "/x/../public",
        "/x/..;/public",
        "/public%2f",
        "/public;x",
        "//public",
    ] {
        assert_eq!(
            label(&decide(&engine, path, &[])),
            "ambiguous_path",
            "{path}"
        );
    }
    assert_eq!(label(&decide(&engine, "/a;v=1", &[])), "missing_credential");
}

#[test]
fn refuses_encodings_that_change_which_rule_applies() {
    let engine = engine(json!({"rules": [
        {"match": {"prefix": "/admin"}, "requires": {"provider_name": "a"}},
        {"match": {"path_separated_prefix": "/@ops"}, "requires": {"provider_name": "a"}},
        {"match": {"path": "/caf%c3%a9%20x"}, "requires": {"provider_name": "a"}},
        {"match": {"path": "/x[1]"}, "requires": {"provider_name": "a"}},
        {"match": {"path": "/a%7Cb"}, "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/Users", "case_sensitive": false}, "requires": {"provider_name": "a"}},
        {"match": {"safe_regex": {"regex": "/v[0-9]+"}}, "requires": {"provider_name": "a"}},
        {"match": {"safe_regex": {"regex": "/[a-z]{3}%C3%A9"}}, "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/", "headers": [{"name": ":path", "prefix_match": "/by-header?x"}]},
         "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/"}},
    ]}));
    for (path, expected) in [
        ("/%61dmin", "ambiguous_path"),
        ("/%40ops/x", "ambiguous_path"),
        ("/v%31", "ambiguous_path"),
        ("/caf%C3%A9%20x", "missing_credential"),
        ("/caf%c3%a9%20x", "missing_credential"),
        ("/café%20x", "ambiguous_path"),
        ("/%63af%c3%a9%20x", "ambiguous_path"),
        ("/x[1]", "missing_credential"),
        ("/x%5B1%5D", "missing_credential"),
        ("/x%5b1]", "ambiguous_path"),
        ("/a|b", "ambiguous_path"),
        ("/a%7Cb", "missing_credential"),
        ("/a%7cb", "ambiguous_path"),
        ("/uSeRs/1", "missing_credential"),
        ("/%55SERS", "ambiguous_path"),
        ("/%75sers", "ambiguous_path"),
        ("/abc%C3%A9", "missing_credential"),
        ("/abcé", "ambiguous_path"),
        ("/admin/%61", "missing_credential"),
        ("/x%3b/..%3b/admin", "ambiguous_path"),
        ("/@ops%3Fx", "ambiguous_path"),
        ("/@ops%23", "ambiguous_path"),
        ("/@ops/%3fx", "missing_credential"),
        ("/x%3F/a%3Fx", "not_required"),
        ("/x;%3F/a", "ambiguous_path"),
        ("/x%23/a%3F", "ambiguous_path"),
        ("/v1%0a", "ambiguous_path"),
        ("/by-header?x", "missing_credential"),
        ("/%62y-header?x", "ambiguous_path"),
        ("/%7Euser/a%20b%", "not_required"),
        ("/{id}/<b>", "not_required"),
        ("/über", "not_required"),
    ] {
        assert_eq!(label(&decide(&engine, path, &[])), expected, "{path}");
    }
}

/// A proxy behind Envoy may turn `/q%3Fmode=admin` into `/q?mode=admin`.
#[test]
fn refuses_an_encoded_question_mark_that_hides_the_query_of_a_rule() {
    let mode = json!([{"name": "mode", "string_match": {"exact": "admin"}}]);
    let by_path = json!([{"name": ":path", "prefix_match": "/by?x"}]);
    let absent = json!([{"name": "mode", "present_match": false}]);
    let requires = json!({"provider_name": "a"});
    let engine = engine(json!({"rules": [
        {"match": {"prefix": "/q", "query_parameters": mode}, "requires": requires},
        {"match": {"prefix": "/by", "headers": by_path}, "requires": requires},
        {"match": {"prefix": "/none", "query_parameters": absent}, "requires": requires},
        {"match": {"prefix": "/"}},
    ]}));
    for (path, expected) in [
        ("/q?mode=admin", "missing_credential"),
        ("/q%3Fmode=admin", "ambiguous_path"),
        ("/q%3fmode=admin&y?z=1", "ambiguous_path"),
        ("/q%3Fmode=adm%69n%26y", "ambiguous_path"),
        // The proxy may also drop the query that the client sent, or append that query to the
        // decoded one.
        ("/q%3Fmode=admin?", "ambiguous_path"),
        ("/q%3Fmode=admin?x=1", "ambiguous_path"),
        ("/q%3Fmode=admin%23x?y", "ambiguous_path"),
        ("/q%3Fx=1?mode=admin", "ambiguous_path"),
        ("/q;v%3Fmode%3Dadmin", "ambiguous_path"),
        ("/q%3Fmode=admin%23x", "ambiguous_path"),
        ("/q%23%3Fmode=admin", "ambiguous_path"),
        ("/q%3Fy?mode=admin", "ambiguous_path"),
        ("/q%3Fmode=user", "not_required"),
        ("/q/What%3F?page=1", "not_required"),
        ("/by?x", "missing_credential"),
        ("/by%3Fx", "ambiguous_path"),
        ("/by%3Fx?y", "ambiguous_path"),
        ("/by%3Fy", "not_required"),
        ("/none%23x?mode=1", "ambiguous_path"),
        ("/none%3Fx?mode=1", "ambiguous_path"),
        ("/none%3Fmode=1", "ambiguous_path"),
        ("/other%3Fmode=admin", "not_required"),
    ] {
        assert_eq!(label(&decide(&engine, path, &[])), expected, "{path}");
    }
}

/// The engine would verify the token in `Authorization`. But the upstream may decode the `%3F`, and
/// use the token after it.
#[test]
fn refuses_a_token_after_an_encoded_question_mark() {
    let engine = engine(json!({}));
    let token = token("a", json!({}));
    let value = format!("Bearer {token}");
    let own = [("authorization", value.as_str())];
    for (path, headers, expected) in [
        ("/t?access_token=x", &own[..], "several_credentials"),
        ("/t%3Faccess_token=x", &own, "ambiguous_path"),
        ("/t%3faccess%5Ftoken=x&y?z", &own, "ambiguous_path"),
        ("/t%3Fy%26access_token%23=x", &own, "ambiguous_path"),
        ("/t%3Faccess_token=x", &[], "ambiguous_path"),
        ("/t%3Fy=access_token", &own, "verified"),
        (&format!("/t%3F?y&access_token={token}"), &[], "verified"),
        (&format!("/t%23?access_token={token}"), &[], "verified"),
    ] {
        assert_eq!(label(&decide(&engine, path, headers)), expected, "{path}");
    }
}

#[test]
fn decides_by_the_path_as_sent_if_the_policy_is_raw() {
    let engine = engine(json!({"path_policy": "raw", "rules": [
        {"match": {"path": "/my docs"}, "requires": {"provider_name": "a"}},
        {"match": {"path": "/caf%c3%a9"}, "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/", "headers": [{"name": "host", "exact_match": "a.example"}]},
         "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/"}},
    ]}));
    let authority = |authority| [(":authority", authority)];
    for (path, headers, expected) in [
        ("/my docs", &[][..], "missing_credential"),
        ("/my%20docs", &[], "not_required"),
        ("/caf%c3%a9", &[], "missing_credential"),
        ("/caf%C3%A9", &[], "not_required"),
        ("/a/../b%2f%00%ff", &[], "not_required"),
        ("/", &authority("a.example"), "missing_credential"),
        ("/", &authority("A.example"), "not_required"),
        ("/", &authority("x@a.example,b"), "not_required"),
    ] {
        assert_eq!(label(&decide(&engine, path, headers)), expected, "{path}");
    }
}

fn decide_method(engine: &Engine, method: &[u8]) -> &'static str {
    let head: Vec<(&[u8], &[u8])> = vec![(b":method", method), (b":path", b"/m")];
    let now = UnixMillis::new(u64::try_from(NOW).unwrap() * 1000);
    label(
        &engine
            .decide(
                &Request::new(head),
                None,
                now,
                Patience::Waiting,
                &NoConnection,
            )
            .decision,
    )
}

#[test]
fn refuses_methods_whose_case_would_evade_a_rule() {
    let config = |policy| {
        engine(json!({"path_policy": policy, "rules": [
            {"match": {"prefix": "/m", "methods": ["DELETE", "PATCH", "PURGE"]}, "requires": {"provider_name": "a"}},
            {"match": {"prefix": "/m", "headers": [{"name": ":method", "exact_match": "MKCOL"}]},
             "requires": {"provider_name": "a"}},
            {"match": {"prefix": "/m", "headers": [{"name": ":method", "prefix_match": "UNLO"}]},
             "requires": {"provider_name": "a"}},
            {"match": {"prefix": "/m", "headers": [{"name": ":method", "safe_regex_match": {"regex": "RE[A-Z]+"}}]},
             "requires": {"provider_name": "a"}},
            {"match": {"prefix": "/m", "headers": [{"name": ":method", "suffix_match": "ACL", "invert_match": true}]}},
            {"match": {"prefix": "/m"}, "requires": {"provider_name": "a"}},
            {"match": {"prefix": "/"}},
        ]}))
    };
    for (method, reject, raw) in [
        (&b"DELETE"[..], "missing_credential", "missing_credential"),
        (b"delete", "method", "not_required"),
        (b"Patch", "method", "not_required"),
        (b"get", "method", "not_required"),
        (b"G\xffT", "method", "not_required"),
        (b"GET", "not_required", "not_required"),
        (b"PURGE", "missing_credential", "missing_credential"),
        (b"purge", "method", "not_required"),
        (b"mkcol", "method", "not_required"),
        (b"Mkcol", "method", "not_required"),
        (b"UNLOCK", "missing_credential", "missing_credential"),
        (b"unlock", "method", "not_required"),
        (b"REPORT", "missing_credential", "missing_credential"),
        (b"report", "method", "not_required"),
        (b"ACL", "missing_credential", "missing_credential"),
        (b"acl", "method", "not_required"),
        (b"propfind", "not_required", "not_required"),
    ] {
        assert_eq!(decide_method(&config("reject"), method), reject);
        assert_eq!(decide_method(&config("raw"), method), raw);
    }
}

/// Some servers end a request target at `#`, so they would not see the second parameter.
#[test]
fn refuses_a_fragment_in_the_query() {
    for (policy, expected) in [("reject", "ambiguous_path"), ("raw", "not_required")] {
        let rules = json!([{"match": {"prefix": "/"}}]);
        let engine = engine(json!({"path_policy": policy, "rules": rules}));
        assert_eq!(label(&decide(&engine, "/?a=b#&c=d", &[])), expected);
        assert_eq!(label(&decide(&engine, "/?a=b%23&c=d", &[])), "not_required");
    }
}

#[test]
fn refuses_an_authority_whose_port_or_final_dot_decides_the_rule() {
    let engine = engine(json!({"rules": [
        {"match": {"prefix": "/", "headers": [{"name": "host", "exact_match": "admin.example"}]},
         "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/", "headers": [{"name": "host", "exact_match": "ops.example:8443"}]},
         "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/"}},
    ]}));
    for (authority, expected) in [
        ("admin.example", "missing_credential"),
        ("ADMIN.example", "missing_credential"),
        ("admin.example:80", "authority"),
        ("admin.example:", "authority"),
        ("admin.example.", "authority"),
        ("ops.example:8443", "missing_credential"),
        ("ops.example.:8443", "authority"),
        ("ops.example", "not_required"),
        ("a.example:8443", "not_required"),
        ("a.example,admin.example", "authority"),
        ("x@admin.example", "authority"),
        ("admin%2eexample", "authority"),
        ("admin.example..", "authority"),
        ("admin.example:80:90", "authority"),
        ("admin.example:080", "authority"),
        ("[admin.example]", "authority"),
        ("admin.example;", "authority"),
        (".admin.example", "authority"),
        ("*admin.example", "authority"),
        (&"a".repeat(262), "authority"),
        ("a.example", "not_required"),
    ] {
        let headers = [(":authority", authority)];
        assert_eq!(
            label(&decide(&engine, "/", &headers)),
            expected,
            "{authority}"
        );
    }
}

/// A request with an ambiguous authority is refused only if it meets all other conditions of the
/// rule.
#[test]
fn an_open_rule_by_host_opens_no_other_host() {
    let host = |inverted: bool| json!({"name": "host", "exact_match": "public.example", "invert_match": inverted});
    let strict = json!({"provider_name": "a"});
    for rules in [
        json!([
            {"match": {"prefix": "/open", "headers": [host(false)]}},
            {"match": {"prefix": "/"}, "requires": strict},
        ]),
        json!([
            {"match": {"prefix": "/open", "headers": [host(true)]}, "requires": strict},
            {"match": {"prefix": "/open"}},
            {"match": {"prefix": "/"}, "requires": strict},
        ]),
    ] {
        let engine = engine(json!({"rules": rules}));
        for (authority, path, expected) in [
            ("public.example", "/open", "not_required"),
            ("PUBLIC.example", "/open", "not_required"),
            ("public.example:9999", "/open", "authority"),
            ("public.example.", "/open", "authority"),
            ("public.example:", "/open", "authority"),
            ("public.example:9999", "/", "missing_credential"),
            ("other.example:9999", "/open", "missing_credential"),
        ] {
            let decision = decide(&engine, path, &[(":authority", authority)]);
            assert_eq!(label(&decision), expected, "{authority}{path} {rules}");
        }
    }
}

#[test]
fn matches_a_path_that_ignores_case_in_its_normal_spelling() {
    let condition =
        |text| json!({"name": ":path", "string_match": {"exact": text, "ignore_case": true}});
    let engine = engine(json!({"rules": [
        {"match": {"prefix": "/", "headers": [condition("/caf%C3%A9")]}, "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/"}},
    ]}));
    for path in ["/caf%C3%A9", "/CAF%c3%a9"] {
        assert_eq!(
            label(&decide(&engine, path, &[])),
            "missing_credential",
            "{path}"
        );
    }
}

/// The length of the path is checked first, before any regular expression runs on the path. So a
/// path that is too long is refused for its length, even if it is also invalid for another reason.
#[test]
fn refuses_paths_over_the_limit_in_each_mode() {
    for policy in ["reject", "raw"] {
        let engine = engine(json!({
            "path_policy": policy, "limits": {"path_bytes": 16},
            "rules": [{"match": {"safe_regex": {"regex": "/.*"}}}],
        }));
        for (path, expected) in [
            ("/1234567890abcde", "not_required"),
            ("/1234567890abcde?and-a-long-query", "not_required"),
            ("/1234567890abcdef", "path_too_long"),
            ("/../%2f/%00/567890abcdef?", "path_too_long"),
        ] {
            assert_eq!(label(&decide(&engine, path, &[])), expected, "{path}");
        }
        let long = format!("/{}", "a".repeat(8192));
        assert_eq!(label(&decide(&engine, &long, &[])), "path_too_long");
    }
}

/// A path with an encoded `?` is compared with the rules many times, and each time with the headers.
#[test]
fn limits_the_text_of_requests_that_are_compared_with_the_rules_repeatedly() {
    let engine = engine(json!({
        "limits": {"path_bytes": 64},
        "rules": [{"match": {
            "prefix": "/",
            "headers": [{"name": "x-a", "string_match": {"safe_regex": {"regex": "a*"}}}],
            "query_parameters": [{"name": "q", "string_match": {"prefix": "a"}}],
        }}, {"match": {"prefix": "/"}}],
    }));
    let long = "a".repeat(40);
    for (path, header, expected) in [
        ("/x?q=a".to_owned(), &*long, "not_required"),
        ("/x%3fy?z=a".to_owned(), "a", "not_required"),
        ("/x%3fy?z=a".to_owned(), &*long, "header_too_long"),
        (format!("/x%3fy?{long}"), "a", "path_too_long"),
        (format!("/%71%3f{}", "a".repeat(50)), "a", "path_too_long"),
        // The normal spelling is longer than the path.
        (format!("/{}", "[".repeat(20)), "a", "not_required"),
        (format!("/{}", "[".repeat(30)), "a", "path_too_long"),
    ] {
        let decision = decide(&engine, &path, &[("x-a", header)]);
        assert_eq!(label(&decision), expected, "{path} {header}");
    }
    let half = "a".repeat(20);
    let joined = [("x-a", &*half), ("x-a", &half)];
    let decision = decide(&engine, "/x?q=a", &joined);
    assert_eq!(label(&decision), "header_too_long");
}

/// A query is compared with each rule that has a condition on it, so its length is limited if such
/// a rule could match.
#[test]
fn limits_the_text_of_queries_that_rules_have_conditions_on() {
    let rule = |prefix: &str, name: &str, condition: Value| {
        json!({"match": {"prefix": prefix, "methods": ["GET"], "query_parameters": [
            {"name": name, "string_match": condition}]}, "requires": {"provider_name": "a"}})
    };
    let regex = || json!({"safe_regex": {"regex": "[b-z]*"}});
    for policy in ["reject", "raw"] {
        let engine = engine(json!({
            "path_policy": policy, "limits": {"path_bytes": 16},
            "rules": [
                rule("/q", "mode", json!({"exact": "admin"})),
                rule("/r", "a", regex()), rule("/r", "a", regex()), rule("/r", "a", regex()),
                rule("/r", "a", regex()), rule("/r", "a", regex()), rule("/r", "b", regex()),
                {"match": {"prefix": "/"}},
            ],
        }));
        for (method, path, length, expected) in [
            ("GET", "/q?", 64, "not_required"),
            ("GET", "/q?", 65, "path_too_long"),
            ("GET", "/q?a&a&a&a&", 1, "not_required"),
            ("GET", "/q?a&a&a&a&a&", 1, "path_too_long"),
            ("GET", "/x?a&a&a&a&a&", 1, "not_required"),
            // The rule does not match this path or method.
            ("GET", "/x?", 65, "not_required"),
            ("POST", "/q?", 65, "not_required"),
            // Five rules compare this value.
            ("GET", "/r?a=", 12, "not_required"),
            ("GET", "/r?a=", 13, "path_too_long"),
            ("GET", "/r?q=", 20, "not_required"),
        ] {
            let path = format!("{path}{}", "a".repeat(length));
            for _ in 0..2 {
                let decision = send(&engine, method, &path, &[]);
                assert_eq!(label(&decision), expected, "{policy} {method} {path}");
            }
        }
        let expected = match policy {
            "reject" => "path_too_long",
            _ => "not_required",
        };
        let path = format!("/q?{}", "%2561;%25&".repeat(2));
        assert_eq!(label(&decide(&engine, &path, &[])), expected, "{policy}");
    }
}

/// Only regular expressions that are compared for the same decision share a limit.
#[test]
fn a_decision_does_not_depend_on_earlier_ones() {
    let engine = engine(json!({
        "limits": {"path_bytes": 16},
        "rules": [{"match": {"prefix": "/", "query_parameters": [
            {"name": "q", "string_match": {"safe_regex": {"regex": "a*"}}}]}}],
    }));
    let path = format!("/?q={}", "a".repeat(16));
    let request = Request::new(vec![(b":method", b"GET"), (b":path", path.as_bytes())]);
    let (now, patience) = (UnixMillis::default(), Patience::Waiting);
    for _ in 0..9 {
        let decided = engine.decide(&request, None, now, patience, &NoConnection);
        assert_eq!(label(&decided.decision), "not_required");
    }
}

/// An ordinary request is not refused for its length, even if many rules read its query.
#[test]
fn ten_rules_may_read_a_query_as_long_as_the_longest_path() {
    let rules = (0..10).map(|number| {
        json!({"match": {"prefix": "/", "query_parameters": [
            {"name": format!("m{number}"), "string_match": {"exact": "a"}},
            {"name": "q", "string_match": {"prefix": "z"}}]}})
    });
    let rules: Vec<Value> = rules.chain([json!({"match": {"prefix": "/"}})]).collect();
    let engine = engine(json!({ "rules": rules }));
    let short = "m0=a%2Fb&r=c%20d&".repeat(100);
    let path = format!("/x?{short}q={}", "a".repeat(8190 - short.len()));
    assert_eq!(label(&decide(&engine, &path, &[])), "not_required");
}

/// Matching a regular expression takes time proportional to the text's length. A condition on
/// `:path` also applies to the query.
#[test]
fn runs_no_regular_expression_on_a_text_over_the_limit() {
    let on_path = |condition: Value| json!([{"name": ":path", "string_match": condition}]);
    for policy in ["reject", "raw"] {
        let engine = engine(json!({
            "path_policy": policy, "limits": {"path_bytes": 16},
            "rules": [
                {"match": {"prefix": "/r", "methods": ["GET", "PURGE"],
                           "headers": on_path(json!({"safe_regex": {"regex": ".*[ab]{9}z"}}))}},
                {"match": {"prefix": "/o", "headers": [
                    {"name": ":path", "string_match": {"safe_regex": {"regex": ".*[ab]{9}z"}}},
                    {"name": ":authority", "string_match": {"exact": "other.example"}}]}},
                {"match": {"prefix": "/p", "headers": on_path(json!({"prefix": "/p?a"}))}},
                {"match": {"prefix": "/q", "query_parameters": [
                    {"name": "q", "string_match": {"safe_regex": {"regex": "[ab]*"}}}]}},
                {"match": {"prefix": "/h", "headers": [
                    {"name": "x-h", "string_match": {"safe_regex": {"regex": "[ab]*"}}}]}},
            ],
        }));
        let long = "a".repeat(17);
        let parameter = format!("/q?q={long}");
        assert_eq!(label(&decide(&engine, &parameter, &[])), "path_too_long");
        let header = [("x-h", &*long)];
        assert_eq!(label(&decide(&engine, "/h", &header)), "header_too_long");
        assert_eq!(
            label(&decide(&engine, "/h", &[("x-h", "ab")])),
            "not_required"
        );
        for (method, path, expected) in [
            ("GET", "/r?aaaaabbbbz1", "missing_credential"),
            ("GET", "/r?xxx567890abcd", "missing_credential"),
            ("GET", "/r?aaaaabbbbabbbz", "path_too_long"),
            ("GET", "/r?aaaaabbbbabbz", "not_required"),
            ("POST", "/r?a-long-long-query", "missing_credential"),
            // No regular expression runs: the rule for `/o` fails on its other condition, and the
            // rule for `/p` has no regular expression.
            ("GET", "/o?a-long-long-query", "missing_credential"),
            ("GET", "/p?a-long-long-query", "not_required"),
        ] {
            assert_eq!(label(&send(&engine, method, path, &[])), expected, "{path}");
        }
        // With `reject`, the engine assumes that a server may read `purge` as `PURGE`. So the
        // rule's condition on the method may be met, and the condition on `:path` would have to be
        // checked.
        let expected = match policy {
            "reject" => "path_too_long",
            _ => "missing_credential",
        };
        let decision = send(&engine, "purge", "/r?a-long-long-query", &[]);
        assert_eq!(label(&decision), expected);
    }
}

/// The example in `docs/roles.md`: a GET request that the upstream treats as DELETE must not match
/// a rule for GET.
#[test]
fn no_confusable_name_evades_a_condition() {
    let absent = |name: &str| json!({"name": name, "present_match": false});
    let mode = json!([{"name": "mode", "string_match": {"exact": "admin"}}]);
    let engine = engine(json!({"rules": [
        {"match": {"prefix": "/api", "methods": ["GET"], "headers": [absent("x-http-method-override")],
                   "query_parameters": [absent("_method")]}},
        {"match": {"prefix": "/q", "query_parameters": mode}, "requires": {"provider_name": "a"}},
        {"match": {"prefix": "/q"}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    for (path, header, expected) in [
        ("/api", "x-other", "not_required"),
        ("/api?method=DELETE", "x-other", "not_required"),
        ("/api", "x-http-method-override", "missing_credential"),
        ("/api", "x_http_method_override", "header"),
        ("/api", "x.http-method-override", "header"),
        ("/api?_method=DELETE", "x-other", "missing_credential"),
        ("/api?.method=DELETE", "x-other", "ambiguous_path"),
        ("/api?%20_method=DELETE", "x-other", "ambiguous_path"),
        ("/api?_method[]=DELETE", "x-other", "ambiguous_path"),
        ("/api?_Method=DELETE", "x-other", "ambiguous_path"),
        ("/api?_method%00=DELETE", "x-other", "ambiguous_path"),
        ("/api?a=1;_method=DELETE", "x-other", "ambiguous_path"),
        ("/q?mode=x", "x_http_method_override", "not_required"),
        ("/q?mode=admin", "x-other", "missing_credential"),
        ("/q?mode=x&mode=admin", "x-other", "ambiguous_path"),
        ("/q?mode=x&Mode=admin", "x-other", "ambiguous_path"),
        (
            "/z?.method=DELETE",
            "x_http_method_override",
            "missing_credential",
        ),
    ] {
        let decision = decide(&engine, path, &[(header, "DELETE")]);
        assert_eq!(label(&decision), expected, "{path} {header}");
    }
}

/// A forged header is removed before the rule is chosen.
#[test]
fn chooses_no_rule_by_a_forged_header() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    let engine = engine(json!({"providers": {"a": own}, "rules": [
        {"match": {"prefix": "/", "headers": [{"name": "x-user"}]}},
        {"match": {"prefix": "/"}, "requires": {"provider_name": "a"}},
    ]}));
    let decision = decide(&engine, "/", &[("x-user", "root")]);
    assert_eq!(label(&decision), "missing_credential");
    let head = [(":method", "GET"), (":path", "/"), ("x-user", "root")];
    let request = Request::new(header_bytes(&head));
    let rule = engine.rule(&request, &NoConnection);
    assert_eq!(rule, Some(RuleId::new(1)));
}

#[test]
fn records_but_does_not_block_in_shadow_mode() {
    let engine = engine(json!({"mode": "shadow"}));
    let decision = decide(&engine, "/", &[]);
    let Decision::Permit(permit) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(permit.reason.shadowed(), Some(Reason::MissingCredential));
    assert_eq!(label(&decide(&engine, "/a/../b", &[])), "ambiguous_path");
}
