//! Tests of the changes to the request that the upstream receives.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn lets_no_client_list_its_identity_in_connection() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    let engine = engine(json!({"providers": {"a": own}, "unmatched": "allow", "rules": []}));
    for (value, edited) in [
        ("Upgrade, X-User", vec![set("connection", "Upgrade")]),
        (
            "x_user,keep-alive , te",
            vec![set("connection", "keep-alive, te")],
        ),
        ("x-user", vec![remove("connection")]),
        // This option is malformed, but a lenient proxy may read it as `x-user`.
        ("Upgrade, x-user;", vec![set("connection", "Upgrade")]),
        ("Upgrade, \"x-user\"", vec![set("connection", "Upgrade")]),
        ("close x-user", vec![remove("connection")]),
        ("Upgrade", vec![]),
        ("Upgrade,, close", vec![]),
    ] {
        let decision = decide(&engine, "/", &[("connection", value)]);
        assert_eq!(edits(decision), edited, "{value}");
    }
}

/// If a client could list the header in `Connection`, the rule would match, but the upstream would
/// get the request without the header.
#[test]
fn lets_no_client_hide_a_header_that_a_rule_reads() {
    let conditions = json!([{"name": "x-mode", "exact_match": "readonly"}, {"name": "upgrade"},
                            {"name": ":method", "exact_match": "GET"}]);
    let engine = engine(json!({"rules": [{"match": {"prefix": "/", "headers": conditions}}]}));
    for (value, edited) in [
        ("upgrade, x-mode", vec![set("connection", "upgrade")]),
        ("X_Mode", vec![remove("connection")]),
        ("upgrade, x-other", vec![]),
    ] {
        let headers = [
            ("x-mode", "readonly"),
            ("upgrade", "websocket"),
            ("connection", value),
        ];
        assert_eq!(edits(decide(&engine, "/", &headers)), edited, "{value}");
    }
    let trailers: [(&[u8], &[u8]); 4] = [
        (b"x-mode", b"write"),
        (b"x.mode", b"write"),
        (b"x-checksum", b"1"),
        (b"upgrade", b"1"),
    ];
    assert_eq!(
        engine.trailer_removals(&trailers),
        ["x-mode", "x.mode"].map(Text::from)
    );
}

/// A rule with a condition on `Connection` sees only the options that the upstream sees.
#[test]
fn rules_see_connection_without_the_removed_options() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    let open = |condition: Value| {
        engine(json!({
            "providers": {"a": own},
            "rules": [{"match": {"prefix": "/", "headers": [condition]}}],
        }))
    };
    let names_user = open(json!({"name": "connection", "contains_match": "x-user"}));
    let upgrades = open(json!({"name": "connection", "exact_match": "Upgrade"}));
    let is_present = open(json!({"name": "connection", "present_match": true}));
    let is_absent = open(json!({"name": "connection", "present_match": false}));
    let all = [&names_user, &upgrades, &is_present, &is_absent];
    for (lines, expected) in [
        (&["Upgrade, x-user"][..], [false, true, true, false]),
        (&["x-user", "Upgrade"], [false, true, true, false]),
        (&["Upgrade"], [false, true, true, false]),
        (&["x-user"], [false, false, false, true]),
        (&["te, x_user"], [false, false, true, false]),
        (&[], [false, false, false, true]),
    ] {
        let lines: Vec<_> = lines.iter().map(|line| ("connection", *line)).collect();
        let matches = all.map(|engine| {
            let head = [&[(":method", "GET"), (":path", "/")], &lines[..]].concat();
            let rule = engine.rule(&Request::new(header_bytes(&head)), &NoConnection);
            let decision = decide(engine, "/", &lines);
            let is_permitted = matches!(decision, Decision::Permit(_));
            assert_eq!(is_permitted, rule.is_some(), "{lines:?}");
            is_permitted
        });
        assert_eq!(matches, expected, "{lines:?}");
    }
}

#[test]
fn sanitises_every_request_whatever_is_decided() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "sub"}]);
    let engine = engine(json!({
        "providers": {"a": own},
        "bypass_cors_preflight": true,
        "unmatched": "allow",
        "rules": [
            {"match": {"path": "/open"}},
            {"match": {"path": "/lenient"}, "requires": {"allow_missing": {}}},
            {"match": {"path": "/closed"}, "requires": {"provider_name": "a"}},
        ],
    }));
    let spoof = ("x_user", "root");
    for path in ["/open", "/lenient", "/unmatched"] {
        assert_eq!(
            edits(decide(&engine, path, &[spoof])),
            [remove("x_user")],
            "{path}"
        );
    }
    let value = format!("Bearer {}", token("a", json!({})));
    let headers = [("authorization", value.as_str()), ("x-user", "root")];
    assert_eq!(
        edits(decide(&engine, "/closed", &headers)),
        [
            remove("x-user"),
            set("x-user", "s"),
            remove("authorization")
        ]
    );
    let preflight = Request::new(vec![
        (b":method", b"OPTIONS"),
        (b":path", b"/closed"),
        (b"origin", b"https://o.example"),
        (b"access-control-request-method", b"POST"),
        (b"x-user", b"root"),
    ]);
    let decision = engine
        .decide(
            &preflight,
            None,
            UnixMillis::default(),
            Patience::Waiting,
            &NoConnection,
        )
        .decision;
    assert_eq!(label(&decision), "cors_preflight");
    assert_eq!(edits(decision), [remove("x-user")]);
}

#[test]
fn refuses_claims_that_do_not_fit_in_a_header() {
    let mut own = provider("a", &SECRET);
    own["claim_to_headers"] = json!([{"header_name": "x-user", "claim_name": "name"}]);
    let engine = engine(json!({"providers": {"a": own}}));
    // Receivers strip spaces at both ends, so the user `admin ` would become `admin`. Some programs
    // also strip other white space, such as U+00A0.
    for name in [
        "x\r\nx-admin: 1",
        "admin ",
        " admin",
        " ",
        "admin\u{a0}",
        "\u{3000}admin",
        "admin\u{85}",
        "\u{feff}admin",
    ] {
        let smuggler = token("a", json!({"name": name}));
        assert_eq!(
            label(&bearer(&engine, &smuggler)),
            "header_value",
            "{name:?}"
        );
    }
}

/// If a request has several verified tokens, the client must not be able to use the rights of one
/// token under the name in another token.
#[test]
fn a_header_comes_from_the_token_that_grants_the_rights() {
    let own = |name: &str, secret, other: &str| {
        let mut own = provider(name, secret);
        own["claim_to_headers"] = json!([
            {"header_name": "x-user", "claim_name": "sub"},
            {"header_name": other, "claim_name": "org"},
            {"header_name": format!("x-{name}"), "claim_name": "sub"},
        ]);
        own["payload_in_metadata"] = json!("user");
        own
    };
    let mut second = own("b", &OTHER_SECRET, "x_org");
    second["from_headers"] = json!([{"name": "x-second"}]);
    let engine = |requires: Value| {
        engine(json!({
            "providers": {"a": own("a", &SECRET, "x-org"), "b": second},
            "rules": [
                {"match": {"path": "/admin"}, "requires": requires,
                 "authorize": {"scopes": {"all_of": ["admin"]}}},
                {"match": {"prefix": "/"}, "requires": requires},
            ],
        }))
    };
    let all = json!({"requires_all": {"requirements": [
        {"provider_name": "a"}, {"provider_name": "b"},
    ]}});
    let alice = json!({"sub": "alice", "scope": "admin"});
    let bob = json!({"sub": "bob", "org": "acme"});
    for requires in [all, json!({"allow_missing": {}})] {
        let engine = engine(requires);
        for (path, a, b, provider, headers) in [
            (
                "/admin",
                &alice,
                &bob,
                "a",
                &[("x-user", "alice"), ("x-a", "alice"), ("x-b", "bob")][..],
            ),
            (
                "/admin",
                &bob,
                &alice,
                "b",
                &[("x-user", "alice"), ("x-b", "alice"), ("x-a", "bob")],
            ),
            (
                "/",
                &alice,
                &bob,
                "a",
                &[("x-user", "alice"), ("x-a", "alice"), ("x-b", "bob")],
            ),
            (
                "/",
                &bob,
                &alice,
                "a",
                &[
                    ("x-user", "bob"),
                    ("x-org", "acme"),
                    ("x-a", "bob"),
                    ("x-b", "alice"),
                ],
            ),
        ] {
            let sent = [
                (
                    "authorization",
                    &*format!("Bearer {}", token("a", a.clone())),
                ),
                ("x-second", &*token("b", b.clone())),
            ];
            let Decision::Permit(permit) = decide(&engine, path, &sent) else {
                panic!("{path} {a} {b}");
            };
            let own = engine.config().provider(permit.provider.unwrap()).unwrap();
            assert_eq!(own.name, provider, "{path} {a} {b}");
            let mut expected: Vec<_> = headers
                .iter()
                .map(|(name, value)| set(name, value))
                .collect();
            expected.extend(["authorization", "x-second"].map(remove));
            let mut edits = permit.edits;
            for list in [&mut edits, &mut expected] {
                list.sort_by(|one, other| one.name().cmp(other.name()));
            }
            assert_eq!(edits, expected, "{path} {a} {b}");
            let [payload] = &*permit.exports else {
                panic!("{:?}", permit.exports);
            };
            assert!(format!("{payload:?}").contains(&format!("https://{provider}.example")));
        }
    }
}

#[test]
fn strips_a_token_from_the_query() {
    let decision = decide(
        &engine(json!({})),
        &format!("/p?a=1&access_token={}", token("a", json!({}))),
        &[],
    );
    assert_eq!(edits(decision), [set(":path", "/p?a=1")]);
}
