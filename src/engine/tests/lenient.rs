//! Tests of the identity that Portcullis forwards if the requirement lets requests pass without a
//! token.

use std::collections::BTreeSet;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// An engine with the providers `a` and `b`. The engine reads their tokens from the headers `x-a`
/// and `x-b`. It forwards each token's subject, in `x-of-a` or `x-of-b`.
fn gate(rules: &Value) -> Engine {
    let of = |name: &str, secret: &[u8]| {
        let mut provider = provider(name, secret);
        provider["from_headers"] = json!([{"name": format!("x-{name}")}]);
        provider["claim_to_headers"] =
            json!([{"header_name": format!("x-of-{name}"), "claim_name": "sub"}]);
        provider["payload_in_metadata"] = json!(format!("payload-{name}"));
        provider
    };
    let providers = json!({"a": of("a", &SECRET), "b": of("b", &OTHER_SECRET)});
    engine(json!({"providers": providers, "rules": rules}))
}

fn any(members: &[&Value]) -> Value {
    json!({"requires_any": {"requirements": members}})
}

fn all(members: &[&Value]) -> Value {
    json!({"requires_all": {"requirements": members}})
}

fn of(name: &str) -> Value {
    json!({"provider_name": name})
}

/// The rule is a `requires_any` of two members: one needs two tokens (`requires_all`), and the
/// other lets requests without tokens pass. A request with only one of the two tokens passes as if
/// it had no token.
#[test]
fn one_of_two_required_tokens_grants_nothing_even_if_missing_ones_may_pass() {
    let both = all(&[&of("a"), &of("b")]);
    for lenient in ["allow_missing", "allow_missing_or_failed"] {
        let lenient = json!({lenient: {}});
        let nested = any(&[&lenient, &lenient]);
        for requires in [
            any(&[&both, &lenient]),
            any(&[&lenient, &both]),
            any(&[&both, &nested]),
        ] {
            let engine = gate(&json!([
                {"match": {"path": "/"}, "requires": requires},
                {
                    "match": {"path": "/guarded"},
                    "requires": requires,
                    "authorize": {"roles": {"any_of": ["admin"]}},
                },
            ]));
            let admin = json!({"roles": ["admin"], "sub": "alice"});
            let (of_a, of_b) = (token("a", admin.clone()), token("b", admin));
            for headers in [&[("x-a", &*of_a)][..], &[("x-b", &*of_b)]] {
                let decision = decide(&engine, "/", headers);
                let Decision::Permit(permit) = &decision else {
                    panic!("{decision:?}")
                };
                assert_eq!(permit.reason, PermitReason::Lenient);
                assert_eq!((&permit.edits, &permit.exports), (&vec![], &vec![]));
                let guarded = decide(&engine, "/guarded", headers);
                assert_eq!(label(&guarded), "missing_credential", "{requires}");
            }
            let headers = [("x-a", &*of_a), ("x-b", &*of_b)];
            assert_eq!(label(&decide(&engine, "/guarded", &headers)), "verified");
            assert_eq!(label(&decide(&engine, "/", &[])), "lenient");
        }
    }
}

/// The first member of `requires_any` holds without a token. The second member holds with the
/// request's token, so the token's identity must be forwarded.
#[test]
fn prefers_the_member_that_holds_with_a_token() {
    let lenient = any(&[&of("a"), &json!({"allow_missing": {}})]);
    let requires = any(&[&lenient, &of("b")]);
    let engine = gate(&json!([{"match": {"prefix": "/"}, "requires": requires}]));
    let of_b = token("b", json!({}));
    assert_eq!(label(&decide(&engine, "/", &[("x-b", &*of_b)])), "verified");
    assert_eq!(label(&decide(&engine, "/", &[])), "lenient");
    let wrong = token("b", json!({"aud": "x"}));
    assert_eq!(
        label(&decide(&engine, "/", &[("x-b", &*wrong)])),
        "audience"
    );
}

/// Evaluates a requirement without the engine, so that the test can compare the results. Returns
/// the identities that should be forwarded for a request with these valid tokens. Returns `None` if
/// the request should be refused.
fn lent<'t>(requirement: &Value, tokens: &BTreeSet<&'t str>) -> Option<BTreeSet<&'t str>> {
    let names_nobody = |member: &Value| !member.to_string().contains("provider_name");
    if let Some(name) = requirement.get("provider_name") {
        let token = tokens.iter().find(|token| name == **token)?;
        return Some([*token].into());
    }
    if let Some(group) = requirement.get("requires_all") {
        let members = group["requirements"].as_array().unwrap().iter();
        let all: Option<Vec<_>> = members.map(|member| lent(member, tokens)).collect();
        return Some(all?.into_iter().flatten().collect());
    }
    let Some(group) = requirement.get("requires_any") else {
        // `allow_missing` forwards the identities of all tokens, because all tokens here are valid.
        return Some(tokens.clone());
    };
    let members = group["requirements"].as_array().unwrap();
    let names_somebody = !members.iter().all(names_nobody);
    let held = members.iter().filter_map(|member| {
        let held = lent(member, tokens)?;
        // If some member names a provider, a member that names no provider forwards no identity.
        Some(match names_somebody && names_nobody(member) {
            true => BTreeSet::new(),
            false => held,
        })
    });
    let held: Vec<_> = held.collect();
    let with_token = held.iter().find(|held| !held.is_empty());
    with_token.or(held.first()).cloned()
}

/// Tries all two-level requirements that combine two providers and `allow_missing`. Each
/// requirement is tried with every combination of tokens.
#[test]
fn every_small_tree_forwards_the_identities_that_it_should() {
    let mut parts = vec![of("a"), of("b"), json!({"allow_missing": {}})];
    let leaves = parts.clone();
    for (one, other) in leaves
        .iter()
        .flat_map(|one| leaves.iter().map(move |other| (one, other)))
    {
        parts.extend([any(&[one, other]), all(&[one, other])]);
    }
    let token_of = [("a", token("a", json!({}))), ("b", token("b", json!({})))];
    let sets: [&[&str]; 4] = [&[], &["a"], &["b"], &["a", "b"]];
    for (one, other) in parts
        .iter()
        .flat_map(|one| parts.iter().map(move |other| (one, other)))
    {
        for requires in [any(&[one, other]), all(&[one, other])] {
            let engine = gate(&json!([{"match": {"prefix": "/"}, "requires": requires}]));
            for set in sets {
                let tokens = set.iter().copied().collect();
                let sent: Vec<_> = token_of
                    .iter()
                    .filter(|(name, _)| set.contains(name))
                    .map(|(name, token)| (format!("x-{name}"), token))
                    .collect();
                let headers: Vec<_> = sent
                    .iter()
                    .map(|(name, token)| (name.as_str(), token.as_str()))
                    .collect();
                let identities = match decide(&engine, "/", &headers) {
                    Decision::Permit(permit) => {
                        let named = |name: &&str| permit.edits.contains(&set_of(name));
                        Some(["a", "b"].into_iter().filter(named).collect())
                    }
                    _ => None,
                };
                assert_eq!(
                    identities,
                    lent(&requires, &tokens),
                    "{requires} with {set:?}"
                );
            }
        }
    }
}

fn set_of(name: &str) -> HeaderEdit {
    set(&format!("x-of-{name}"), "s")
}
