//! Tests of roles that are parts of structured scopes, and of caller identities that contain such a
//! role.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// A provider that takes roles from scopes, but only the roles of one organisation.
fn structured(name: &str, secret: &[u8]) -> Value {
    let mut own = provider(name, secret);
    merge(
        &mut own,
        json!({
            "structured_scopes": {
                "template": "{cloud}::{org}::{role}", "where": {"cloud": "c.net", "org": "7"},
            },
            "identity_header": {
                "header_name": "x-user", "template": "oauth-{role}$@{org}.{cloud}",
            },
            "identity_in_metadata": "user",
        }),
    );
    own
}

fn gate(authorize: &Value) -> Engine {
    let mut rule = json!({"match": {"prefix": "/"}, "requires": {"provider_name": "a"}});
    if !authorize.is_null() {
        rule["authorize"] = authorize.clone();
    }
    engine(json!({"providers": {"a": structured("a", &SECRET)}, "rules": [rule]}))
}

fn roles(any_of: &[&str]) -> Value {
    json!({"roles": {"any_of": any_of}})
}

/// Returns the caller's identity. Panics unless the header and the filter state contain the same
/// identity.
fn caller(decision: Decision) -> Option<String> {
    let Decision::Permit(permit) = decision else {
        panic!("{decision:?}")
    };
    let mut headers = permit.edits.iter().filter_map(|edit| match edit {
        HeaderEdit::Set(name, value) if &**name == "x-user" => Some(value.to_string()),
        _ => None,
    });
    let header = headers.next();
    let exported = permit.exports.first().map(|entry| {
        assert_eq!(entry.key.as_str(), "portcullis.user");
        entry.value.text().into_owned()
    });
    assert_eq!(header, exported);
    header
}

#[test]
fn only_roles_of_the_configured_organisation_count() {
    let engine = gate(&roles(&["reader"]));
    for (claims, expected) in [
        (json!({"scope": "c.net::7::reader"}), "verified"),
        (
            json!({"scope": "openid c.net::8::x c.net::7::reader"}),
            "verified",
        ),
        (
            json!({"scope": "c.net::7::reader c.net::7::reader"}),
            "verified",
        ),
        (
            json!({"scp": ["c.net::8::x", "c.net::7::reader"]}),
            "verified",
        ),
        (json!({"scope": "x", "scp": "c.net::7::reader"}), "verified"),
        (json!({"scope": "c.net::8::reader"}), "insufficient_role"),
        (json!({"scope": "d.net::7::reader"}), "insufficient_role"),
        (json!({"scope": "c.net::7::Reader"}), "insufficient_role"),
        (json!({"scope": "c.net::7"}), "insufficient_role"),
        (json!({"scope": "c.net::7::reader::x"}), "insufficient_role"),
        (json!({"scope": "c.net::7::"}), "insufficient_role"),
        (json!({"scope": "c.net::7::\treader"}), "insufficient_role"),
        // An array element that contains a space is ignored. It is not split into two scopes.
        (json!({"scp": ["x c.net::7::reader"]}), "insufficient_role"),
        (json!({"scp": [["c.net::7::reader"]]}), "insufficient_role"),
        (json!({"scope": "reader"}), "insufficient_role"),
        // Roles are read only from scopes, not from the claim `roles`.
        (json!({"roles": ["reader"]}), "insufficient_role"),
        (json!({"roles": ["c.net::7::reader"]}), "insufficient_role"),
        (json!({}), "insufficient_role"),
    ] {
        let decision = bearer(&engine, &token("a", claims.clone()));
        assert_eq!(label(&decision), expected, "{claims}");
    }
}

/// Each provider uses only the roles of its own organisation.
#[test]
fn a_scope_gives_no_role_to_a_provider_of_another_organisation() {
    let mut other = structured("b", &OTHER_SECRET);
    other["structured_scopes"]["where"]["org"] = json!("8");
    let either = json!({"requires_any": {"requirements": [
        {"provider_name": "a"}, {"provider_name": "b"},
    ]}});
    let engine = engine(json!({
        "providers": {"a": structured("a", &SECRET), "b": other},
        "rules": [{
            "match": {"prefix": "/"}, "requires": either, "authorize": roles(&["reader"]),
        }],
    }));
    for (name, org, expected) in [
        ("a", 7, "verified"),
        ("a", 8, "insufficient_role"),
        ("b", 7, "insufficient_role"),
        ("b", 8, "verified"),
    ] {
        let good = token(name, json!({"scope": format!("c.net::{org}::reader")}));
        assert_eq!(label(&bearer(&engine, &good)), expected, "{name} {org}");
    }
}

#[test]
fn the_caller_has_its_first_role_that_satisfies_the_rule() {
    let scope = |roles: &[&str]| {
        let scopes: Vec<String> = roles
            .iter()
            .map(|role| format!("c.net::7::{role}"))
            .collect();
        token("a", json!({ "scope": scopes.join(" ") }))
    };
    let named = |role: &str| Some(format!("oauth-{role}$@7.c.net"));
    let either = roles(&["writer", "reader"]);
    for (authorize, own, expected) in [
        (either.clone(), &["reader"][..], named("reader")),
        // The order of the roles in the token decides, not their order in the rule.
        (either.clone(), &["reader", "writer"], named("reader")),
        (either.clone(), &["writer", "reader"], named("writer")),
        (either, &["other", "writer"], named("writer")),
        // The rule requires no role, so the token's first role is used.
        (json!(null), &["other", "writer"], named("other")),
        (
            json!({"claims": [{"claim": "sub", "any_of": ["s"]}]}),
            &["other"],
            named("other"),
        ),
        // The token has no role, so no identity is forwarded.
        (json!(null), &[], None),
    ] {
        let engine = gate(&authorize);
        for _ in 0..2 {
            // For the second request, the identity comes from the cache.
            let decision = bearer(&engine, &scope(own));
            assert_eq!(caller(decision), expected, "{authorize} {own:?}");
        }
    }
}

#[test]
fn no_role_breaks_out_of_the_identity() {
    let engine = gate(&json!(null));
    for (role, expected) in [
        ("a\r\nx-admin:1", "header_value"),
        ("a\u{0}", "header_value"),
        ("a\u{7f}", "header_value"),
        (&"a".repeat(8200), "header_value"),
        // An upstream could read `oauth-admin$@8.c.net$@7.c.net` as an administrator of another
        // organisation.
        ("admin$@8.c.net", "header_value"),
        ("$@", "header_value"),
        ("a.b", "verified"),
        ("a@b$c", "verified"),
        ("r\u{f4}le", "verified"),
    ] {
        let scopes = json!([format!("c.net::7::{role}")]);
        let decision = bearer(&engine, &token("a", json!({ "scp": scopes })));
        let long = role.len() > 8000;
        let expected = if long { "token_too_large" } else { expected };
        assert_eq!(label(&decision), expected, "{role:?}");
    }
    // An array element with a space is not a scope.
    let spaced = token("a", json!({"scp": ["c.net::7::a b"]}));
    assert_eq!(caller(bearer(&engine, &spaced)), None);
}

#[test]
fn removes_identities_that_the_client_sent() {
    let engine = gate(&json!(null));
    let good = format!("Bearer {}", token("a", json!({})));
    let names = ["x-user", "X-USER", "x_user", "X_uSeR"];
    let mut headers = names.map(|name| (name, "root")).to_vec();
    headers.push(("authorization", &good));
    let Decision::Permit(permit) = decide(&engine, "/", &headers) else {
        panic!("refused")
    };
    for name in names {
        assert!(permit.edits.contains(&remove(name)), "{name}");
    }
    assert!(
        !permit
            .edits
            .iter()
            .any(|edit| matches!(edit, HeaderEdit::Set(..)))
    );
}

#[test]
fn the_identity_can_contain_claims() {
    let mut own = provider("a", &SECRET);
    own["identity_header"] = json!({"header_name": "x-user", "template": "{role}/{sub}@{tenant}"});
    let engine = engine(json!({"providers": {"a": own}}));
    for (claims, expected) in [
        (json!({"roles": ["r"], "tenant": 7}), Some("r/s@7")),
        (json!({"roles": ["r"], "tenant": ["t"]}), None),
        (json!({"roles": ["r"]}), None),
        (json!({"tenant": "t"}), None),
    ] {
        let edits = edits(bearer(&engine, &token("a", claims.clone())));
        let expected = expected.map(|text| set("x-user", text));
        let set = edits
            .into_iter()
            .find(|edit| matches!(edit, HeaderEdit::Set(..)));
        assert_eq!(set, expected, "{claims}");
    }
    let email = token(
        "a",
        json!({"roles": ["r"], "tenant": "t", "sub": "s@other"}),
    );
    assert_eq!(label(&bearer(&engine, &email)), "header_value");
}

/// The request must have both tokens, but only one of them has the rights that the rule requires.
/// The roles of the other token must not be used.
#[test]
fn only_the_token_that_satisfies_the_rule_gives_a_role() {
    let mut other = structured("b", &OTHER_SECRET);
    other["identity_header"]["header_name"] = json!("x-other");
    other["identity_in_metadata"] = json!(null);
    other["from_headers"] = json!([{"name": "x-second"}]);
    let both = json!({"requires_all": {"requirements": [
        {"provider_name": "a"}, {"provider_name": "b"},
    ]}});
    let engine = engine(json!({
        "providers": {"a": structured("a", &SECRET), "b": other},
        "rules": [{"match": {"prefix": "/"}, "requires": both, "authorize": {
            "roles": {"any_of": ["reader"]}, "claims": [{"claim": "tier", "any_of": ["gold"]}],
        }}],
    }));
    let claims = |tier| json!({"scope": "c.net::7::reader", "tier": tier});
    let first = format!("Bearer {}", token("a", claims("gold")));
    let second = token("b", claims("tin"));
    let headers = [("authorization", first.as_str()), ("x-second", &second)];
    let edits = edits(decide(&engine, "/", &headers));
    assert!(edits.contains(&set("x-user", "oauth-reader$@7.c.net")));
    let is_other =
        |edit: &HeaderEdit| matches!(edit, HeaderEdit::Set(name, _) if &**name == "x-other");
    assert!(!edits.iter().any(is_other), "{edits:?}");
}

#[test]
fn no_caller_is_named_without_a_verified_token() {
    let rest = |mode: &str, requires: Value| {
        json!({
            "mode": mode, "providers": {"a": structured("a", &SECRET)},
            "rules": [{"match": {"prefix": "/"}, "requires": requires}],
        })
    };
    let stale = token("a", json!({"scope": "c.net::7::reader", "exp": NOW - 999}));
    for (mode, requires) in [
        ("enforce", json!({"allow_missing_or_failed": {}})),
        ("shadow", json!({"provider_name": "a"})),
    ] {
        let engine = engine(rest(mode, requires));
        assert_eq!(caller(bearer(&engine, &stale)), None);
    }
}
