//! Tests of the tokens that a rule accepts, and of the rights that these tokens must grant.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn takes_the_first_requirement_that_verifies() {
    let engine = engine(json!({"rules": [{
        "match": {"prefix": "/"},
        "requires": {"requires_any": {"requirements": [
            {"provider_name": "a"}, {"provider_name": "b"},
        ]}},
    }]}));
    for name in ["a", "b"] {
        let Decision::Permit(permit) = bearer(&engine, &token(name, json!({}))) else {
            panic!()
        };
        let provider = engine.config().provider(permit.provider.unwrap()).unwrap();
        assert_eq!(provider.name, name);
    }
    let bad = bearer(&engine, &token("b", json!({"aud": "x"})));
    assert_eq!(label(&bad), "audience");
    assert_eq!(label(&decide(&engine, "/", &[])), "missing_credential");
}

#[test]
fn requires_all_needs_every_token() {
    let mut other = provider("b", &OTHER_SECRET);
    other["from_headers"] = json!([{"name": "x-b"}]);
    let engine = engine(json!({
        "providers": {"b": other},
        "rules": [{
            "match": {"prefix": "/"},
            "requires": {"requires_all": {"requirements": [
                {"provider_name": "a"}, {"provider_name": "b"},
            ]}},
            "authorize": {"scopes": {"all_of": ["read", "write"]}},
        }],
    }));
    let (a, b) = (json!({"scope": "read"}), json!({"scope": "write"}));
    let both = json!({"scope": "read write"});
    let authorization = |claims: &Value| format!("Bearer {}", token("a", claims.clone()));
    for (a, b, reason) in [
        (&a, &b, "insufficient_scope"), // the rights of different tokens are not combined
        (&both, &b, "verified"),
        (&a, &both, "verified"),
    ] {
        let headers = [
            ("authorization", &*authorization(a)),
            ("x-b", &*token("b", b.clone())),
        ];
        assert_eq!(label(&decide(&engine, "/", &headers)), reason);
    }
    let one = [("authorization", &*authorization(&both))];
    assert_eq!(label(&decide(&engine, "/", &one)), "missing_credential");
}

#[test]
fn lets_missing_tokens_pass_but_not_failed_ones() {
    let rules = |lenient: Value| {
        json!({"rules": [{
            "match": {"prefix": "/"},
            "requires": {"requires_any": {"requirements": [lenient, {"provider_name": "a"}]}},
        }]})
    };
    let missing = engine(rules(json!({"allow_missing": {}})));
    let failed = engine(rules(json!({"allow_missing_or_failed": {}})));
    let good = token("a", json!({}));
    let unknown_issuer = token("b", json!({}));
    for (engine, authorization, reason) in [
        (&missing, None, "lenient"),
        (&missing, Some(format!("Bearer {good}")), "verified"),
        // The attack of CVE-2021-21378: a token that fails verification must not count as a missing
        // token.
        (&missing, Some(format!("Bearer {unknown_issuer}")), "issuer"),
        (&missing, Some("Bearer".to_owned()), "malformed_credential"),
        (&failed, None, "lenient"),
        (&failed, Some(format!("Bearer {good}")), "verified"),
        (&failed, Some(format!("Bearer {unknown_issuer}")), "lenient"),
        (&failed, Some("Bearer".to_owned()), "lenient"),
    ] {
        let headers: Vec<_> = authorization
            .iter()
            .map(|value| ("authorization", value.as_str()))
            .collect();
        assert_eq!(
            label(&decide(engine, "/", &headers)),
            reason,
            "{authorization:?}"
        );
    }
    let two = [("authorization", "Bearer x"), ("authorization", "Bearer y")];
    assert_eq!(label(&decide(&failed, "/", &two)), "several_credentials");
}

/// The audiences of a rule replace the audiences of the provider. A token that is meant for none of
/// the rule's audiences must neither count as verified nor grant rights.
#[test]
fn keeps_the_audiences_of_a_rule_that_lets_missing_tokens_pass() {
    let engine = |lenient: &str| {
        engine(json!({"rules": [{
            "match": {"prefix": "/"},
            "requires": {"requires_any": {"requirements": [
                {"provider_and_audiences": {"provider_name": "a", "audiences": ["billing"]}},
                {lenient: {}},
            ]}},
            "authorize": {"roles": {"any_of": ["admin"]}},
        }]}))
    };
    let for_orders = token("a", json!({"roles": ["admin"]}));
    let for_billing = token("a", json!({"roles": ["admin"], "aud": "billing"}));
    for (lenient, refused) in [
        ("allow_missing", "audience"),
        ("allow_missing_or_failed", "missing_credential"),
    ] {
        let engine = engine(lenient);
        assert_eq!(label(&bearer(&engine, &for_orders)), refused);
        assert_eq!(label(&bearer(&engine, &for_billing)), "verified");
    }
}

#[test]
fn leaves_an_unverified_credential_in_place() {
    let engine = engine(json!({"rules": [{
        "match": {"prefix": "/"}, "requires": {"allow_missing_or_failed": {}},
    }]}));
    assert_eq!(edits(bearer(&engine, "x.y.z")), []);
    assert_eq!(
        edits(bearer(&engine, &token("b", json!({})))),
        [remove("authorization")]
    );
}

#[test]
fn uses_the_good_one_of_two_tokens_if_failed_ones_may_pass() {
    let mut other = provider("b", &OTHER_SECRET);
    other["from_headers"] = json!([{"name": "x-b"}]);
    let rules = |leaf: &str| {
        json!({
            "providers": {"b": other},
            "rules": [{"match": {"prefix": "/"}, "requires": {leaf: {}}}],
        })
    };
    let good = format!("Bearer {}", token("a", json!({})));
    let headers = [("authorization", good.as_str()), ("x-b", "junk")];
    let forgiving = engine(rules("allow_missing_or_failed"));
    assert_eq!(
        edits(decide(&forgiving, "/", &headers)),
        [remove("authorization")]
    );
    let strict = engine(rules("allow_missing"));
    assert_eq!(label(&decide(&strict, "/", &headers)), "malformed_token");
}

#[test]
fn rights_need_a_token() {
    let engine = engine(json!({"rules": [{
        "match": {"prefix": "/"},
        "requires": {"allow_missing_or_failed": {}},
        "authorize": {"roles": {"any_of": ["admin"]}},
    }]}));
    assert_eq!(label(&decide(&engine, "/", &[])), "missing_credential");
    assert_eq!(
        label(&bearer(&engine, &token("a", json!({})))),
        "insufficient_role"
    );
    let admin = token("a", json!({"roles": ["admin"]}));
    assert_eq!(label(&bearer(&engine, &admin)), "verified");
}

#[test]
fn names_the_scopes_that_a_client_needs() {
    let engine = engine(json!({"rules": [{
        "match": {"prefix": "/"},
        "requires": {"provider_name": "a"},
        "authorize": {"scopes": {"any_of": ["read", "write"]}},
    }]}));
    let decision = bearer(&engine, &token("a", json!({"scope": "reader"})));
    let Decision::Deny(denial) = decision else {
        panic!("{decision:?}")
    };
    assert_eq!(
        (denial.reason, denial.scopes.join(" ").as_str()),
        (Reason::InsufficientScope, "read write")
    );
}

/// In a `requires_any` that also names a provider, `allow_missing` applies only to that provider's
/// tokens. In a `requires_all`, it applies to the tokens of all providers.
#[test]
fn reads_every_token_if_a_part_names_no_provider() {
    let mut other = provider("b", &OTHER_SECRET);
    other["from_headers"] = json!([{"name": "x-b"}]);
    let rule = |requires: Value| {
        engine(json!({
            "providers": {"b": other.clone()},
            "rules": [{"match": {"prefix": "/"}, "requires": requires}],
        }))
    };
    let (named, missing) = (json!({"provider_name": "a"}), json!({"allow_missing": {}}));
    let any = json!({"requires_any": {"requirements": [named, missing]}});
    let all = json!({"requires_all": {"requirements": [named, missing]}});
    let good = format!("Bearer {}", token("a", json!({})));
    let bad = token("b", json!({"aud": "x"}));
    let headers = [("authorization", &*good), ("x-b", &*bad)];
    for (requires, reason) in [(any, "verified"), (all, "audience")] {
        assert_eq!(label(&decide(&rule(requires), "/", &headers)), reason);
    }
}
